import { existsSync, mkdirSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { NoBpfFileSystem } from './errors.ts';

/** `BPF_FS_MAGIC` (include/uapi/linux/magic.h). */
export const BPF_FS_MAGIC = 0xcafe4a11;

/**
 * Creates a directory for pinned maps, with its parents, on a BPF file system.
 *
 * Creates them one by one after checking the file system: on a sysfs without a mounted BPF file
 * system, `mkdirSync(path, { recursive: true })` never returns (it takes ENOENT for a missing
 * parent).
 *
 * @throws {NoBpfFileSystem} without having created anything
 */
export function createPinDirectory(pinPath: string): void {
  const missing: string[] = [];
  let there = pinPath;
  for (; !existsSync(there); there = dirname(there)) missing.unshift(there);
  if (statfsSync(there).type !== BPF_FS_MAGIC) throw new NoBpfFileSystem(pinPath);
  try {
    for (const path of missing) mkdirSync(path, { mode: 0o700 });
  } catch (cause) {
    throw new NoBpfFileSystem(pinPath, { cause });
  }
}
