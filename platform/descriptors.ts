import { readdirSync } from 'node:fs';
import { open, readdir, readFile, type FileHandle } from 'node:fs/promises';
import { errorCode } from '../text/error-message.ts';

/**
 * Maximum number of open file descriptors of this process (RLIMIT_NOFILE, soft limit); infinite where
 * the system does not report one.
 */
export async function descriptorLimit(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}

/** Number of open file descriptors of this process; Infinity when none is free to count them with. */
export async function openDescriptors(): Promise<number> {
  try {
    const names = await readdir('/proc/self/fd');
    // One of them belongs to this reading of the folder.
    return names.length - 1;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EMFILE' || code === 'ENFILE') return Number.POSITIVE_INFINITY;
    throw error;
  }
}

/** Like {@link openDescriptors}, synchronously: procfs is in memory, so reading it does not block. */
export function openDescriptorsNow(): number {
  try {
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Opens up to `count` spare descriptors; fewer when the limit is reached. */
export async function openSpares(count: number): Promise<FileHandle[]> {
  const spares: FileHandle[] = [];
  try {
    while (spares.length < count) spares.push(await open('/dev/null'));
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'EMFILE' && code !== 'ENFILE') throw error;
  }
  return spares;
}
