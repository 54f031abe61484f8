import { existsSync, mkdirSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { NoBpfFileSystem } from './errors.ts';

/** `BPF_FS_MAGIC` (include/uapi/linux/magic.h). */
const BPF_FS_MAGIC = 0xcafe4a11;

/**
 * Creates a directory for pinned maps, with its parents, on a BPF file system.
 *
 * One by one, and only after looking: on a sysfs where no BPF file system is mounted,
 * `mkdirSync(path, { recursive: true })` never returns (it takes ENOENT for a missing parent).
 *
 * @throws {NoBpfFileSystem} nothing has been created then
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
