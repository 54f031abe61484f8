import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SetupFailed } from '../setup/step.mjs';

/** Suffix of files with tests that take minutes. */
const LONG = '.long.test.ts';

/** The import of tests that depend on the machine. */
const NEEDS = /from '[./]+\/support\/needs\.ts'/;

/** Paths of imported modules of the package. */
const IMPORTS = /^(?:import .*|\}) from '(\.[^']+\.ts)'/gm;

/**
 * @param {string} root folder of the package
 * @returns {Promise<readonly string[]>} all files with tests, sorted: `test/policy/docs.test.ts`
 */
export async function listTestFiles(root) {
  const paths = await readdir(join(root, 'test'), { recursive: true });
  const files = paths.filter((path) => path.endsWith('.test.ts'));
  return files.map((path) => `test/${path}`).toSorted();
}

/** @param {string} file */
export function isLong(file) {
  return file.endsWith(LONG);
}

/**
 * Whether tests need root or an installed program: they, or what they import of the tests, import `needs`.
 *
 * @param {string} root folder of the package
 * @param {string} file
 * @param {Set<string>} [seen] files that have been read
 * @returns {Promise<boolean>}
 */
export async function needsMachine(root, file, seen = new Set()) {
  seen.add(file);
  const text = await readFile(join(root, file), 'utf8');
  if (NEEDS.test(text)) return true;
  const imported = [...text.matchAll(IMPORTS)].map(([, path]) => join(dirname(file), path));
  for (const other of imported) {
    if (!other.startsWith('test/') || seen.has(other)) continue;
    if (await needsMachine(root, other, seen)) return true;
  }
  return false;
}

/**
 * The files at paths of files or folders; all files without paths.
 *
 * @param {readonly string[]} files
 * @param {readonly string[]} paths relative to the package
 * @returns {readonly string[]}
 * @throws {SetupFailed} when a path contains no test
 */
export function selectFiles(files, paths) {
  if (paths.length === 0) return files;
  const selected = new Set();
  for (const path of paths) {
    const folder = path.replace(/\/*$/, '/');
    const found = files.filter((file) => file === path || file.startsWith(folder));
    if (found.length === 0) throw new SetupFailed(`${path} contains no test of this run`);
    for (const file of found) selected.add(file);
  }
  return files.filter((file) => selected.has(file));
}

/**
 * @param {string} file `test/policy/docs.test.ts`
 * @returns {string} its compiled file: `dist/test/policy/docs.test.js`
 */
export function compiledFile(file) {
  return `dist/${file.slice(0, -'.ts'.length)}.js`;
}

/**
 * The inverse of {@link compiledFile}.
 *
 * @param {string} compiled `dist/test/policy/docs.test.js`
 * @returns {string} `test/policy/docs.test.ts`
 */
export function sourceFile(compiled) {
  return `${compiled.slice('dist/'.length, -'.js'.length)}.ts`;
}
