import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';
import { MODULE_FOLDERS } from './image/modules.ts';

/** Where a kernel comes from: the Debian release of this machine, or its backports. */
export type KernelSource = 'release' | 'backports';

export const KERNEL_SOURCES: readonly KernelSource[] = ['release', 'backports'];

/** A kernel for the lab. */
export interface LabKernel {
  readonly source: KernelSource;
  /** As `uname -r` prints it: `6.1.0-9-amd64`. */
  readonly version: string;
  /** The uncompressed kernel. */
  readonly vmlinux: string;
  /** Folder of its modules. */
  readonly modules: string;
}

/** The programs of the lab. */
export interface LabPrograms {
  /** Root of the unpacked QEMU. */
  readonly qemu: string;
  readonly busybox: string;
}

/** The lab has not been set up. */
export class LabMissing extends Error {
  override readonly name = 'LabMissing';

  constructor(part: string) {
    super(`the kernel lab has no ${part}; npm run setup downloads it on Debian`);
  }
}

/** Folder with everything that the lab has downloaded; `npm ci` empties it. */
export function cacheFolder(): string {
  return join(packageRoot(), 'node_modules', '.cache', 'kernel-lab');
}

/** Folder of the programs in the cache. */
export function programsFolder(): string {
  return join(cacheFolder(), 'programs');
}

/** Folder of a kernel in the cache; another one when the choice of modules changes. */
export function kernelFolder(source: KernelSource): string {
  const choice = createHash('sha256').update(MODULE_FOLDERS.join('\n')).digest('hex');
  return join(cacheFolder(), `kernel-${source}-${choice.slice(0, 8)}`);
}

/**
 * QEMU and busybox in the cache.
 *
 * @throws {LabMissing}
 */
export function findPrograms(): LabPrograms {
  const folder = programsFolder();
  if (!existsSync(folder)) throw new LabMissing('QEMU');
  return { qemu: join(folder, 'qemu'), busybox: join(folder, 'busybox') };
}

/**
 * A kernel in the cache.
 *
 * @throws {LabMissing}
 */
export function findKernel(source: KernelSource): LabKernel {
  const folder = kernelFolder(source);
  const [version] = existsSync(folder) ? readdirSync(join(folder, 'lib', 'modules')) : [];
  if (version === undefined) throw new LabMissing(`kernel of Debian's ${source}`);
  return {
    source,
    version,
    vmlinux: join(folder, 'vmlinux'),
    modules: join(folder, 'lib', 'modules', version),
  };
}
