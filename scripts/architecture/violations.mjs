import { dirname } from 'node:path';
import { circlesOf } from './circles.mjs';
import { LAYERS } from './layers.mjs';

/** @typedef {import('./imports.mjs').Import} Import */
/** @typedef {import('./layers.mjs').Layer} Layer */

/**
 * Everything that the architecture forbids in these imports, one message each: where, which rule,
 * and why it is there.
 *
 * @param {readonly Import[]} imports
 * @returns {readonly string[]}
 */
export function violationsIn(imports) {
  return [
    ...imports.flatMap(layerViolation),
    ...circleViolations(imports, 'files', (file) => file),
    ...circleViolations(imports, 'folders', dirname),
  ];
}

/**
 * The layer of a file: the one with the longest matching folder.
 *
 * @param {string} file
 * @returns {Layer | undefined}
 */
export function layerOf(file) {
  return LAYERS.filter(({ folder }) => file.startsWith(`${folder}/`)).toSorted(
    (a, b) => b.folder.length - a.folder.length,
  )[0];
}

/**
 * @param {Import} imported
 * @returns {string[]}
 */
function layerViolation({ from, to, inside, line }) {
  const layer = layerOf(from);
  const at = `${from}:${line}`;
  if (layer === undefined) {
    return [`${at}: no layer; give its folder a row in scripts/architecture/layers.mjs`];
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

/**
 * @param {Layer} layer
 * @param {Layer | undefined} target
 */
function mayImport(layer, target) {
  return layer.imports.some(
    (folder) =>
      folder === '*' || target?.folder === folder || target?.folder.startsWith(`${folder}/`),
  );
}

/**
 * @param {readonly Import[]} imports
 * @param {string} what
 * @param {(file: string) => string} nodeOf
 * @returns {string[]}
 */
function circleViolations(imports, what, nodeOf) {
  /** @type {Map<string, Set<string>>} */
  const graph = new Map();
  for (const { from, to, inside } of imports) {
    if (!inside || nodeOf(from) === nodeOf(to)) continue;
    const targets = graph.get(nodeOf(from)) ?? new Set();
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
      '  rule circles: types count too; what needs each other is one thing, or one of them knows too much',
      ...lines.slice(0, 20),
    ].join('\n');
  });
}
