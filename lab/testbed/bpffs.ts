import { mkdir } from 'node:fs/promises';
import type { Cleanup } from './cleanup.ts';
import { run, runNow } from './run.ts';

/**
 * Mounts a separate BPF file system at `path`. Pinned objects outlive a killed daemon and disappear
 * with the mount. Unlike /sys/fs/bpf, it is visible in `ip netns exec`.
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
