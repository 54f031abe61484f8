import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type ArchiveEntry, cpioArchive } from './cpio.ts';
import { BOOT_MODULES, loadingOrder } from './modules.ts';

/** What the first root file system is made of. */
export interface InitramfsParts {
  /** A static busybox. */
  readonly busybox: string;
  /** Script that runs as `/init`. */
  readonly init: string;
  /** Folder of the kernel's modules: `.../lib/modules/6.1.0-9-amd64`. */
  readonly modules: string;
  /** Variables for the script, in `/lab.env`. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * The first root file system: busybox, the modules that mount the real one, and a script that does it.
 *
 * @throws {ModuleMissing}
 */
export async function buildInitramfs(parts: InitramfsParts): Promise<Buffer> {
  const { busybox, init, modules } = parts;
  const [dependencies, builtIn] = [
    await readFile(join(modules, 'modules.dep'), 'utf8'),
    await readFile(join(modules, 'modules.builtin'), 'utf8'),
  ];
  const order = loadingOrder(BOOT_MODULES, dependencies, builtIn);
  const folders = ['bin', 'modules', 'proc', 'sys', 'dev', 'host', 'upper', 'root'];
  const loaded = order.map(async (path) => {
    return { path: `modules/${basename(path)}`, bytes: await readFile(join(modules, path)) };
  });
  const entries: readonly ArchiveEntry[] = [
    ...folders.map((path) => ({ path })),
    { path: 'bin/busybox', bytes: await readFile(busybox), executable: true },
    { path: 'init', bytes: await readFile(init), executable: true },
    ...(await Promise.all(loaded)),
    { path: 'modules.order', bytes: lines(order.map((path) => basename(path))) },
    { path: 'lab.env', bytes: lines(Object.entries(parts.variables).map(assignment)) },
  ];
  return cpioArchive(entries);
}

function lines(all: readonly string[]): Buffer {
  return Buffer.from(all.map((line) => `${line}\n`).join(''));
}

function assignment([name, value]: readonly [string, string]): string {
  return `${name}=${shellQuoted(value)}`;
}

/** A word for a POSIX shell. */
export function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
