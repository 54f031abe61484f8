import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRoot, root } from './root.mjs';
import { step } from './step.mjs';

const BPFFS = '/sys/fs/bpf';

/** Compiles the BPF programs; needs clang and libbpf's headers. */
export async function buildBpf() {
  const script = join(root, 'scripts', 'build-bpf.mjs');
  await step('clang (BPF programs)', process.execPath, [script], { timeoutMs: 120_000 });
}

/** Mounts the BPF file system, where maps are pinned, when it is not; only root can. */
export async function mountBpffs() {
  const mounts = await readFile('/proc/mounts', 'utf8');
  const mounted = mounts.split('\n').some((line) => line.split(' ')[1] === BPFFS);
  if (mounted || !isRoot) return;
  await step('mount bpffs', 'mount', ['-t', 'bpf', 'bpf', BPFFS], { timeoutMs: 10_000 });
}
