import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from './object.ts';

const snake = (name: string) => name.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

/** Members of a C struct at the offsets of a TypeScript table. */
export function offsets(struct: string, table: Readonly<Record<string, number>>): string[] {
  return Object.entries(table)
    .filter(([name]) => name !== 'bytes')
    .map(([name, at]) => `offsetof(struct ${struct}, ${snake(name)}) == ${at}`);
}

/** Compiles assertions on a header, given relative to the package; status 0: all hold. */
export function compile(header: string, assertions: readonly string[]): SpawnSyncReturns<string> {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const source = [
    '#include <stddef.h>',
    `#include "${join(projectRoot(), header)}"`,
    ...assertions.map((a) => `_Static_assert(${a}, "${a}");`),
  ].join('\n');
  const shared = join(projectRoot(), 'adapters/nic/core/bpf');
  const includes = ['-I', `/usr/include/${machine}-linux-gnu`, '-I', shared];
  const args = ['-target', 'bpf', ...includes, '-fsyntax-only', '-x', 'c', '-'];
  return spawnSync('clang', args, { input: source, encoding: 'utf8', timeout: 20_000 });
}
