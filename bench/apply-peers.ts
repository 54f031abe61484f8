import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KEY_WORDS } from '../adapters/nic/core/entry-table.ts';
import { ENTRY, VALUE_WORDS } from '../adapters/nic/core/entry-value.ts';
import { Libbpf } from '../adapters/nic/core/libbpf.ts';
import { peerSignal } from './support/peer.ts';

/** The machine lacks what the benchmark needs. */
export class ApplyImpossible extends Error {
  override readonly name = 'ApplyImpossible';
  constructor(problem: string) {
    super(`bench apply: ${problem}`);
  }
}

/**
 * Duration of a bpftool command, ms.
 *
 * @param output descriptor to which it prints; left out: what it prints is thrown away
 */
export function bpftool(
  args: readonly string[],
  signal: AbortSignal,
  output?: number,
): Promise<number> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn('bpftool', args, {
      stdio: ['ignore', output ?? 'ignore', 'ignore'],
      signal: peerSignal(signal),
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(performance.now() - start);
      else reject(new ApplyImpossible(`bpftool ${args.join(' ')} failed with ${code}`));
    });
  });
}

/** Throws before the set-up when bpftool is missing. */
export async function expectBpftool(signal: AbortSignal): Promise<void> {
  try {
    await bpftool(['version'], signal);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT') throw error;
    throw new ApplyImpossible('bpftool is missing: apt-get install bpftool');
  }
}

/**
 * The entries of a map as bpftool commands, converted from its dump.
 *
 * @param folder for the dump, which can be too large for a pipe
 */
export async function batchFile(
  flowMap: string,
  entries: number,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const text = await dumpOf(flowMap, join(folder, 'dump'), signal);
  const hex = /"key":\[([^\]]*)\],"value":\[([^\]]*)\]/g;
  const bytes = (list: string) => list.replaceAll(/"0x([0-9a-f]{2})",?/g, '$1 ');
  const lines = [...text.matchAll(hex)].map(
    ([, key, value]) =>
      `map update pinned ${flowMap} key hex ${bytes(key)} value hex ${bytes(value)}`,
  );
  if (lines.length !== entries) throw new ApplyImpossible(`bpftool dumped ${lines.length} entries`);
  return `${lines.join('\n')}\n`;
}

async function dumpOf(flowMap: string, file: string, signal: AbortSignal): Promise<string> {
  const handle = await open(file, 'w+');
  try {
    await bpftool(['-j', 'map', 'dump', 'pinned', flowMap], signal, handle.fd);
    return await readFile(file, 'utf8');
  } finally {
    await handle.close();
  }
}

/**
 * The lower bound: the flow map in single batch calls of libbpf, without flows, grace periods or
 * results. The bytes are those that the backend wrote, in the order of their statistics slots.
 */
export class BareMap {
  readonly #libbpf = new Libbpf();
  readonly #fd: number;
  readonly #entries: number;
  /** What to write. */
  readonly #keys: Uint32Array;
  readonly #values: Uint32Array;
  /** What was read. */
  readonly #readKeys: Uint32Array;
  readonly #readValues: Uint32Array;

  /** @param path of the pinned map, which holds `entries` entries */
  constructor(path: string, entries: number) {
    const fd = this.#libbpf.pinned(path);
    if (fd === undefined) throw new ApplyImpossible(`${path} is not there`);
    this.#fd = fd;
    this.#entries = entries;
    this.#readKeys = new Uint32Array(entries * KEY_WORDS);
    this.#readValues = new Uint32Array(entries * VALUE_WORDS);
    this.read();
    const slotAt = (row: number) => this.#readValues[row * VALUE_WORDS + ENTRY.statsSlot / 4];
    const rows = Array.from({ length: entries }, (_, row) => row);
    rows.sort((a, b) => slotAt(a) - slotAt(b));
    this.#keys = inOrder(this.#readKeys, KEY_WORDS, rows);
    this.#values = inOrder(this.#readValues, VALUE_WORDS, rows);
  }

  /** Writes the entries to the empty map. Returns the duration, ms. */
  write(): number {
    const start = performance.now();
    this.#libbpf.updateAll(this.#fd, this.#keys, this.#values, this.#entries, 'bare write');
    return performance.now() - start;
  }

  /** Reads the entries. Returns the duration, ms. */
  read(): number {
    const start = performance.now();
    const read = this.#libbpf.lookupBatch(
      this.#fd,
      null,
      new Uint32Array(1),
      this.#readKeys,
      this.#readValues,
      this.#entries,
      'bare read',
    );
    const ms = performance.now() - start;
    const count = read < 0 ? ~read : read;
    if (count !== this.#entries) throw new ApplyImpossible(`a bare read returned ${count} entries`);
    return ms;
  }

  /** Deletes the entries. */
  clear(): void {
    const { done, errno } = this.#libbpf.deleteBatch(this.#fd, this.#keys, this.#entries);
    if (errno !== 0) throw new ApplyImpossible(`errno ${errno} deleting entry ${done}`);
  }

  close(): void {
    this.#libbpf.close(this.#fd);
  }
}

function inOrder(words: Uint32Array, stride: number, rows: readonly number[]): Uint32Array {
  const ordered = new Uint32Array(words.length);
  rows.forEach((row, to) => {
    ordered.set(words.subarray(row * stride, (row + 1) * stride), to * stride);
  });
  return ordered;
}
