import type { JsonDocument, JsonPath } from '../../text/json-document.ts';
import type { Problem } from '../../text/problem.ts';
import type { Names } from '../document/names.ts';
import { elements, member, textAt } from '../document/literal.ts';

/** A reference to a shared condition. */
interface Reference {
  readonly path: JsonPath;
  readonly to: string;
}

/** Finds references that close a cycle of shared conditions. */
export function cycleProblems(document: JsonDocument, names: Names): Problem[] {
  const references = new Map(
    [...names.conditions].map(([name, c]) => [name, referencesIn(c, ['conditions', name])]),
  );
  return [...references].flatMap(([name, list]) =>
    list.flatMap(({ path, to }) => {
      const way = shortestPath(references, to, name);
      if (way === undefined) return [];
      const message = `the shared conditions reference each other in a cycle: ${[name, ...way].join(' -> ')}`;
      return [document.problemAt([...path, 'condition'], message)];
    }),
  );
}

function referencesIn(condition: unknown, path: JsonPath): Reference[] {
  const to = textAt(condition, 'condition');
  if (to !== undefined) return [{ path, to }];
  const inner = member(condition, 'not');
  const group = (key: string) =>
    elements(member(condition, key)).flatMap((c, i) => referencesIn(c, [...path, key, i]));
  const below = inner === undefined ? [] : referencesIn(inner, [...path, 'not']);
  return [...group('all'), ...group('any'), ...below];
}

/** Shortest path from one shared condition to another, inclusive. */
function shortestPath(
  references: ReadonlyMap<string, readonly Reference[]>,
  from: string,
  to: string,
): readonly string[] | undefined {
  const paths: (readonly string[])[] = [[from]];
  const seen = new Set([from]);
  for (const way of paths) {
    const last = way.at(-1) ?? from;
    if (last === to) return way;
    for (const next of references.get(last) ?? []) {
      if (seen.has(next.to)) continue;
      seen.add(next.to);
      paths.push([...way, next.to]);
    }
  }
  return undefined;
}
