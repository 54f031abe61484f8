import type { JsonDocument } from '../../text/json-document.ts';
import type { Problem } from '../../text/problem.ts';
import type { Names } from '../document/names.ts';
import { elements, member, textAt } from '../document/literal.ts';

/** Maximum of conditions in a rule, with references expanded. */
const MAX_EXPANDED = 1000;

/** Finds rules that are too large after expansion of references. */
export function expansionProblems(document: JsonDocument, names: Names): Problem[] {
  const sizes = new Map<string, number>();
  const size = (condition: unknown): number => {
    const shared = textAt(condition, 'condition');
    if (shared !== undefined) return sizeOf(shared);
    const inner = member(condition, 'not');
    const groups = [...elements(member(condition, 'all')), ...elements(member(condition, 'any'))];
    return groups.reduce<number>(
      (n, c) => n + size(c),
      1 + (inner === undefined ? 0 : size(inner)),
    );
  };
  const sizeOf = (name: string): number => {
    const known = sizes.get(name);
    if (known !== undefined) return known;
    // cycle-check.ts reports cycles; here they must only terminate.
    sizes.set(name, 1);
    const found = size(names.conditions.get(name));
    sizes.set(name, found);
    return found;
  };
  return elements(member(document.value, 'rules')).flatMap((rule, i) => {
    const n = size(member(rule, 'conditions'));
    if (n <= MAX_EXPANDED) return [];
    const message = `with its references expanded, the rule has ${n} conditions; the limit is ${MAX_EXPANDED}`;
    return [document.problemAt(['rules', i, 'conditions'], message)];
  });
}
