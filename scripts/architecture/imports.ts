import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize, relative } from 'node:path';
import { parseSync } from 'oxc-parser';

/** An import as written. */
export interface Import {
  /** File that imports, relative to the root. */
  readonly from: string;
  /** Imported file, relative to the root; or the name of a package or `node:` module. */
  readonly to: string;
  /** True: `to` is a file of the package. */
  readonly inside: boolean;
  /** From 1. */
  readonly line: number;
}

interface Found {
  readonly specifier: string;
  readonly start: number;
}

const SOURCE = /\.(ts|mts|mjs|js)$/;
const SKIPPED = new Set(['node_modules', 'dist', 'coverage', '.git']);

/**
 * Every import of every source file under `root`: of values and of types, static and dynamic.
 */
export async function readImports(root: string): Promise<readonly Import[]> {
  const files = await sourceFiles(root, '');
  const imports = await Promise.all(
    files.map(async (file) => importsOf(file, await readFile(join(root, file), 'utf8'))),
  );
  return imports.flat();
}

async function sourceFiles(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  const nested = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : sourceFiles(root, path);
      return SOURCE.test(entry.name) ? [path] : [];
    }),
  );
  return nested.flat();
}

export function importsOf(file: string, text: string): Import[] {
  const { module, program } = parseSync(file, text);
  const found: Found[] = [];
  for (const { moduleRequest } of module.staticImports) {
    found.push({ specifier: moduleRequest.value, start: moduleRequest.start });
  }
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest } of entries) {
      if (moduleRequest) found.push({ specifier: moduleRequest.value, start: moduleRequest.start });
    }
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const literal = /^['"](.*)['"]$/.exec(text.slice(moduleRequest.start, moduleRequest.end));
    if (literal !== null) found.push({ specifier: literal[1], start: moduleRequest.start });
  }
  // Walking the whole tree takes most of the time, and few files have such types.
  if (text.includes('import(')) found.push(...importTypes(program));
  return found.map(({ specifier, start }) => ({
    from: file,
    ...target(file, specifier),
    line: text.slice(0, start).split('\n').length,
  }));
}

/**
 * `import('./file.ts').Name` in a type.
 */
function importTypes(node: unknown): Found[] {
  if (Array.isArray(node)) return node.flatMap(importTypes);
  if (typeof node !== 'object' || node === null) return [];
  const nested = Object.values(node).flatMap(importTypes);
  if (!('type' in node) || node.type !== 'TSImportType' || !('source' in node)) return nested;
  const { source } = node;
  if (typeof source !== 'object' || source === null || !('value' in source)) return nested;
  return [
    { specifier: String(source.value), start: 'start' in source ? Number(source.start) : 0 },
    ...nested,
  ];
}

function target(file: string, specifier: string): Pick<Import, 'to' | 'inside'> {
  if (!specifier.startsWith('.')) return { to: packageName(specifier), inside: false };
  return { to: relative('', normalize(join(dirname(file), specifier))), inside: true };
}

function packageName(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}
