import { createWriteStream, existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import { BlockReader } from './block-reader.ts';
import { jsonBlock } from './blocks.ts';
import { Block, MAGIC, type RecordingEnd, VERSION } from './format.ts';
import { PayloadReader } from './payload-reader.ts';

/** How far a recording is. */
export interface RecordingProgress {
  readonly ticks: number;
  /** Ticks that the daemon could not write because this end was too slow. */
  readonly lostTicks: number;
  /** Time recorded, ms. */
  readonly recordedMs: number;
  /** Before they are packed. */
  readonly bytes: number;
}

/** What became of it. */
export interface RecordingResult extends RecordingProgress {
  /** Size of the file, bytes. */
  readonly fileBytes: number;
}

/** What a recording is made from and how it is watched. */
export interface RecordOptions {
  readonly onProgress: (progress: RecordingProgress) => void;
  /** Why it ends, once it does. */
  readonly reason: () => string;
}

/** The file is there already: nothing is ever written over. */
export class RecordingExists extends Error {
  override readonly name = 'RecordingExists';
}

/**
 * Writes a daemon's recording to a file, packed, until `chunks` ends; then closes it in order. Each
 * tick is on its way to the disk when the next one comes. When the disk is slow, `chunks` is not
 * asked for more. The file is made once the daemon has answered.
 *
 * Rejects with {@link RecordingExists}, when the file cannot be written, as `chunks` does, and with
 * a TraceDamaged when they are no recording; what was written stays.
 */
export async function recordToFile(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
  options: RecordOptions,
): Promise<RecordingResult> {
  if (existsSync(file)) throw new RecordingExists(`${file} is there already`);
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  const progress = { ticks: 0, lostTicks: 0, recordedMs: 0, bytes: 0 };
  await pipeline(
    blocks(resumed(first, iterator), progress, options),
    createGzip({ flush: constants.Z_SYNC_FLUSH }),
    createWriteStream(file, { flags: 'wx' }),
  );
  return { ...progress, fileBytes: (await stat(file)).size };
}

async function* resumed(
  first: IteratorResult<Uint8Array, unknown>,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for (let next = first; next.done !== true; next = await rest.next()) yield next.value;
}

async function* blocks(
  chunks: AsyncIterable<Uint8Array>,
  progress: { ticks: number; lostTicks: number; recordedMs: number; bytes: number },
  { onProgress, reason }: RecordOptions,
): AsyncGenerator<Uint8Array> {
  const reader = new BlockReader('the recording from the daemon');
  yield Uint8Array.of(...MAGIC, VERSION);
  for await (const chunk of chunks) {
    reader.push(chunk);
    for (let block = reader.next(); block !== undefined; block = reader.next()) {
      progress.bytes += block.whole.length;
      if (block.type === Block.tick) {
        const tick = new PayloadReader(block.content);
        progress.recordedMs += tick.varint() / 1000;
        progress.lostTicks += tick.varint();
        progress.ticks++;
      }
      onProgress(progress);
      // The reader's bytes are its own.
      yield block.whole.slice();
    }
  }
  const end: RecordingEnd = { reason: reason() };
  yield jsonBlock(Block.end, end);
}
