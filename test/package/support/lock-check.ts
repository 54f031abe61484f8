import { isDeepStrictEqual } from 'node:util';

/** A package in package-lock.json; the empty path is the project itself. */
export interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** package-lock.json, format 3, by path (`node_modules/a/node_modules/b`). */
export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage & Readonly<Record<string, unknown>>>>;
}

/** What npm copies from package.json into the lock. */
const COPIED = [
  'name',
  'version',
  'license',
  'bin',
  'dependencies',
  'devDependencies',
  'engines',
] as const;

/** A version without a range. */
const EXACT = /^\d+\.\d+\.\d+(-[\w.]+)?$/;

/**
 * Problems of a lock, one line each. Optional packages are required, too: platforms install different
 * ones, and npm writes only those of its machine when it creates a lock from an installed tree. Does
 * not check version ranges.
 */
export function problemsOf(manifest: Readonly<Record<string, unknown>>, lock: Lock): string[] {
  const differing = COPIED.filter(
    (key) => !isDeepStrictEqual(manifest[key], lock.packages['']?.[key]),
  );
  return [
    ...differing.map((key) => `${key} differs from package.json`),
    ...Object.entries(lock.packages).flatMap(([path, entry]) => [
      ...missingFor(path, entry, lock),
      ...(path === '' ? [] : registryProblems(path, entry)),
    ]),
  ];
}

function missingFor(path: string, entry: LockedPackage, lock: Lock): string[] {
  const peers = Object.entries(entry.peerDependencies ?? {}).filter(
    ([name]) => entry.peerDependenciesMeta?.[name]?.optional !== true,
  );
  const wanted = { ...entry.dependencies, ...entry.optionalDependencies };
  return [...Object.entries(wanted), ...peers].flatMap(([name, range]) => {
    const locked = lookUp(path, name, lock);
    const from = path === '' ? 'package.json' : path;
    if (locked === undefined) return [`${from} needs ${name}, which is not in the lock`];
    if (!EXACT.test(range) || locked.version === range) return [];
    return [`${from} needs ${name} ${range}, the lock has ${locked.version}`];
  });
}

/** The package that `require(name)` in the package at `path` would load. */
function lookUp(path: string, name: string, lock: Lock): LockedPackage | undefined {
  const folder = path === '' ? '' : `${path}/`;
  const found = lock.packages[`${folder}node_modules/${name}`];
  if (found !== undefined || path === '') return found;
  return lookUp(path.slice(0, Math.max(0, path.lastIndexOf('/node_modules/'))), name, lock);
}

function registryProblems(path: string, { resolved, integrity }: LockedPackage): string[] {
  return [
    ...(resolved === undefined ? [] : [`${path} has the address of a registry`]),
    ...(integrity === undefined ? [`${path} has no integrity`] : []),
  ];
}
