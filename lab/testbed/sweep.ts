import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isOrphan } from './names.ts';
import { run } from './run.ts';

/**
 * Removes leftovers of killed runs: namespaces with the processes in them, devices and run
 * directories whose name includes the pid of a process that no longer exists.
 *
 * Resolves to their names.
 */
export async function sweepLeftovers(): Promise<readonly string[]> {
  const swept: string[] = [];
  for (const line of (await run('ip', ['netns', 'list'])).split('\n')) {
    const name = line.split(' ')[0];
    if (!isOrphan(name)) continue;
    for (const pid of (await run('ip', ['netns', 'pids', name])).split('\n')) {
      if (pid !== '') killQuietly(Number(pid));
    }
    await run('ip', ['netns', 'del', name]);
    swept.push(name);
  }
  for (const line of (await run('ip', ['-o', 'link'])).split('\n')) {
    const name = /^\d+: ([^@:]+)/.exec(line)?.[1];
    if (name === undefined || !isOrphan(name)) continue;
    // Deleting one end of a pair deletes the other.
    await run('ip', ['link', 'del', name]).catch(() => '');
    swept.push(name);
  }
  for (const name of await readdir(tmpdir())) {
    if (!isOrphan(name)) continue;
    const directory = join(tmpdir(), name);
    await unmountUnder(directory);
    await rm(directory, { recursive: true, force: true });
    swept.push(directory);
  }
  return swept;
}

async function unmountUnder(directory: string): Promise<void> {
  for (const line of (await readFile('/proc/mounts', 'utf8')).split('\n')) {
    const target = line.split(' ')[1];
    if (target?.startsWith(`${directory}/`)) await run('umount', [target]);
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has already exited.
  }
}
