import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';
import { cacheFolder } from '../kernel/cache.ts';
import { run } from '../testbed/run.ts';
import { findHeaders, moveIntoPlace } from './headers.ts';

const BUILD_MS = 3 * 60_000;

/** Folder of the module's source. */
function sourceFolder(): string {
  return join(packageRoot(), 'lab', 'nic-module', 'kernel');
}

/**
 * The file of the module that belongs to this source and a kernel; it exists once it is built.
 *
 * @param version of the kernel, as `uname -r` prints it
 */
export function nicModuleFile(version: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(sourceFolder()).toSorted()) {
    hash.update(`${name}\n`).update(readFileSync(join(sourceFolder(), name)));
  }
  const folder = `${version}-${hash.digest('hex').slice(0, 12)}`;
  return join(cacheFolder(), 'nic-module', folder, 'labnic.ko');
}

/**
 * Builds the module for a kernel, unless the cache has it.
 *
 * @returns its file
 * @throws {LabMissing} without the kernel's headers
 * @throws {CommandFailed} with the compiler's errors, or without make
 */
export async function buildNicModule(version: string): Promise<string> {
  const file = nicModuleFile(version);
  if (existsSync(file)) return file;
  const headers = findHeaders(version);
  const modules = join(cacheFolder(), 'nic-module');
  await mkdir(modules, { recursive: true });
  const work = await mkdtemp(join(modules, 'work-'));
  try {
    const folder = join(work, 'source');
    await cp(sourceFolder(), folder, { recursive: true });
    // The compiler of this machine: Debian's kernel names a version of it.
    const make = ['-C', headers, `M=${folder}`, 'CC=gcc', 'W=1', 'KCFLAGS=-Werror', 'modules'];
    await run('make', make, { timeoutMs: BUILD_MS, env: { LC_ALL: 'C.UTF-8' } });
    const built = join(work, 'built');
    await mkdir(built);
    await run('strip', [
      '--strip-debug',
      '-o',
      join(built, 'labnic.ko'),
      join(folder, 'labnic.ko'),
    ]);
    await moveIntoPlace(built, dirname(file));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return file;
}
