import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TraceSource } from '../../../replay/input/source.ts';

/** A temporary directory for traces; `remove` deletes it. */
export function traceFolder() {
  const path = mkdtempSync(join(tmpdir(), `nk-replay-${process.pid}-`));
  return {
    path,
    write: (name: string, content: string | Uint8Array): string => {
      const file = join(path, name);
      writeFileSync(file, content);
      return file;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Bytes as an open trace, in chunks of these lengths, then the rest. */
export function sourceOf(bytes: Uint8Array, pieces: readonly number[] = []): TraceSource {
  let read = 0;
  return {
    file: 'trace',
    size: bytes.length,
    bytesRead: () => read,
    head: bytes.subarray(0, 64),
    chunks: (async function* () {
      for (const length of [...pieces, bytes.length]) {
        const piece = bytes.subarray(read, read + length);
        read += piece.length;
        if (piece.length > 0) yield await Promise.resolve(piece);
      }
    })(),
    close: () => Promise.resolve(),
  };
}

/** All items of an asynchronous sequence of batches. */
export async function flattened<T>(batches: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const batch of batches) all.push(...batch);
  return all;
}
