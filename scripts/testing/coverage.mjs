import { format } from 'node:util';

/**
 * Minimum coverage of each folder by the fast tests, per cent, set slightly below the measured
 * coverage. Raise it with new tests; give a reason when you lower it.
 *
 * @type {Readonly<Record<string, { readonly lines: number, readonly branches: number }>>}
 */
export const THRESHOLDS = {
  engine: { lines: 98, branches: 97 },
  policy: { lines: 99, branches: 95 },
  protocols: { lines: 96, branches: 91 },
};

/** @typedef {{ total: number, covered: number }} Count */

/** @typedef {Readonly<Record<string, { lines: Count, branches: Count }>>} Summary by file */

/**
 * @typedef {object} FolderCoverage
 * @property {string} folder
 * @property {number} lines per cent
 * @property {number} branches per cent
 * @property {boolean} isBelow below one of its thresholds
 */

/**
 * Adds up the coverage of files by folder.
 *
 * @param {Summary} summary by path in the package
 * @returns {readonly FolderCoverage[]} one for each folder with a threshold
 */
export function coverageOf(summary) {
  return Object.entries(THRESHOLDS).map(([folder, minimum]) => {
    const files = Object.entries(summary).filter(([file]) => file.startsWith(`${folder}/`));
    const lines = share(files.map(([, counts]) => counts.lines));
    const branches = share(files.map(([, counts]) => counts.branches));
    const isBelow = lines < minimum.lines || branches < minimum.branches;
    return { folder, lines, branches, isBelow };
  });
}

/**
 * @param {string} compiled JavaScript
 * @returns {boolean} whether it contains code
 */
export function hasCode(compiled) {
  const lines = compiled.split('\n').map((line) => line.trim());
  return lines.some((line) => line !== '' && line !== 'export {};' && !line.startsWith('//'));
}

/**
 * @param {readonly Count[]} counts
 * @returns {number} per cent; 0 if there is nothing to cover, because the folder does not exist
 */
function share(counts) {
  const total = counts.reduce((sum, count) => sum + count.total, 0);
  const covered = counts.reduce((sum, count) => sum + count.covered, 0);
  return total === 0 ? 0 : (100 * covered) / total;
}

/**
 * @param {readonly FolderCoverage[]} coverage
 * @returns {string} one row per folder
 */
export function tableOf(coverage) {
  const rows = coverage.map(({ folder, lines, branches, isBelow }) => {
    const minimum = THRESHOLDS[folder];
    const verdict = isBelow ? 'too low' : 'ok';
    return format(
      '  %s lines %s % (at least %d), branches %s % (at least %d): %s',
      folder.padEnd(10),
      lines.toFixed(1),
      minimum?.lines,
      branches.toFixed(1),
      minimum?.branches,
      verdict,
    );
  });
  return ['  coverage by the fast tests:', ...rows].join('\n');
}
