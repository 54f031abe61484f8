import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder with package.json, above the sources and above dist/ alike. */
export function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** Path of the compiled program of an adapter, built when it is stale. */
export function builtObject(adapter: 'xdp' | 'tcx' | 'flower' | 'meter' = 'xdp'): string {
  const root = projectRoot();
  execFileSync(process.execPath, [join(root, 'scripts/build-bpf.mjs')], { timeout: 60_000 });
  return join(root, 'dist/adapters/nic', adapter, 'norikae.bpf.o');
}

/** Path of a BPF program of the tests, compiled into `folder`. */
export function compiled(name: string, folder: string): string {
  const source = join(projectRoot(), 'test/adapters/nic/support', `${name}.bpf.c`);
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const include = `/usr/include/${machine}-linux-gnu`;
  const target = join(folder, `${name}.bpf.o`);
  const flags = ['-O2', '-g', '-target', 'bpf', '-I', include];
  execFileSync('clang', [...flags, '-c', source, '-o', target], { timeout: 60_000 });
  return target;
}
