import { dirname } from 'node:path';
import { circlesOf } from './circles.ts';
import type { Import } from './imports.ts';
import { type Layer, LAYERS } from './layers.ts';

/**
 * All violations of the architecture in these imports, one message each: position, rule, and the
 * reason for the rule.
 */
export function violationsIn(imports: readonly Import[]): readonly string[] {
  return [
    ...imports.flatMap(layerViolation),
    ...circleViolations(imports, 'files', (file) => file),
    ...circleViolations(imports, 'folders', dirname),
  ];
}

/**
 * The layer of a file: the one with the longest matching folder.
 */
function layerOf(file: string): Layer | undefined {
  return LAYERS.filter(({ folder }) => file.startsWith(`${folder}/`)).toSorted(
    (a, b) => b.folder.length - a.folder.length,
  )[0];
}

function layerViolation({ from, to, inside, line }: Import): string[] {
  const layer = layerOf(from);
  const at = `${from}:${line}`;
  if (layer === undefined) {
    return [`${at}: no layer; give its folder a row in scripts/architecture/layers.ts`];
  }
  if (!inside) {
    const { packages } = layer;
    const allowed = packages === 'any' || (packages !== 'none' && packages.includes(to));
    if (allowed) return [];
    const what = packages === 'none' ? 'no package and no node: module' : packages.join(', ');
    return [`${at}: imports ${to}\n  rule ${layer.folder}: may import ${what}; ${layer.why}`];
  }
  const target = layerOf(to);
  if (target === layer || mayImport(layer, target)) return [];
  const allowed = layer.imports.length === 0 ? 'no other folder' : layer.imports.join(', ');
  return [`${at}: imports ${to}\n  rule ${layer.folder}: may import ${allowed}; ${layer.why}`];
}

export function mayImport(layer: Layer, target: Layer | undefined): boolean {
  return layer.imports.some(
    (folder) =>
      folder === '*' || target?.folder === folder || target?.folder.startsWith(`${folder}/`),
  );
}

function circleViolations(
  imports: readonly Import[],
  what: string,
  nodeOf: (file: string) => string,
): string[] {
  const graph = new Map<string, Set<string>>();
  for (const { from, to, inside } of imports) {
    if (!inside || nodeOf(from) === nodeOf(to)) continue;
    const targets = graph.get(nodeOf(from)) ?? new Set<string>();
    graph.set(nodeOf(from), targets.add(nodeOf(to)));
  }
  return circlesOf(graph).map((circle) => {
    const within = imports.filter(
      ({ from, to }) =>
        nodeOf(from) !== nodeOf(to) && circle.includes(nodeOf(from)) && circle.includes(nodeOf(to)),
    );
    const lines = within.map(({ from, to, line }) => `    ${from}:${line} -> ${to}`);
    return [
      `a circle of ${circle.length} ${what}: ${circle.join(', ')}`,
      '  rule circles: types count, too; merge what depends on each other, or remove one direction',
      ...lines.slice(0, 20),
    ].join('\n');
  });
}
