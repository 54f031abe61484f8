import { mkdir } from 'node:fs/promises';
import type { Cleanup } from './cleanup.ts';
import { run, runNow } from './run.ts';

/**
 * Mounts a BPF file system of our own at `path`. What is pinned there outlives a daemon that is
 * killed and goes with the mount; `ip netns exec`, which hides /sys/fs/bpf, shows it.
 */
export async function mountBpffs(cleanup: Cleanup, path: string): Promise<void> {
  await mkdir(path);
  await run('mount', ['-t', 'bpf', 'bpf', path]);
  cleanup.add({
    name: `bpffs ${path}`,
    undo: async () => {
      await run('umount', [path]);
    },
    undoNow: () => runNow('umount', ['-l', path]),
  });
}
