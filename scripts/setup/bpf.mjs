import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRoot, root } from './root.mjs';
import { step } from './step.mjs';

const BPFFS = '/sys/fs/bpf';

/**
 * Compiles the BPF programs; needs clang, llvm and the headers of libbpf.
 *
 * @returns {Promise<string>} result, for the report
 */
export async function buildBpf() {
  const script = join(root, 'scripts', 'build-bpf.mjs');
  await step('clang (BPF programs)', process.execPath, [script], { timeoutMs: 120_000 });
  return 'compiled to dist/';
}

/**
 * Mounts the BPF file system, where maps are pinned, if it is not mounted; requires root.
 *
 * @returns {Promise<string>} result, for the report
 */
export async function mountBpffs() {
  const mounts = await readFile('/proc/mounts', 'utf8');
  const mounted = mounts.split('\n').some((line) => line.split(' ')[1] === BPFFS);
  if (mounted) return `already mounted on ${BPFFS}`;
  if (!isRoot) return 'not mounted; only root can mount it';
  await step('mount bpffs', 'mount', ['-t', 'bpf', 'bpf', BPFFS], { timeoutMs: 10_000 });
  return `mounted on ${BPFFS}`;
}
