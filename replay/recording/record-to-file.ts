import { createWriteStream, existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import { BlockReader } from './block-reader.ts';
import { jsonBlock } from './blocks.ts';
import { Block, MAGIC, type RecordingEnd, VERSION } from './format.ts';
import { PayloadReader } from './payload-reader.ts';

/** Progress of a recording. */
export interface RecordingProgress {
  readonly ticks: number;
  /** Ticks that the daemon could not send because this side read too slowly. */
  readonly lostTicks: number;
  /** Time recorded, ms. */
  readonly recordedMs: number;
  /** Size before compression. */
  readonly bytes: number;
}

/** A finished recording. */
export interface RecordingResult extends RecordingProgress {
  /** Size of the file, bytes. */
  readonly fileBytes: number;
}

/** Callbacks of a recording. */
export interface RecordOptions {
  readonly onProgress: (progress: RecordingProgress) => void;
  /** Called at the end: why the recording ended. */
  readonly reason: () => string;
}

/** The file exists; recordings never overwrite a file. */
export class RecordingExists extends Error {
  override readonly name = 'RecordingExists';
}

/**
 * Compresses a daemon's recording and writes it to a file until `chunks` ends, then closes the file.
 * Each tick is flushed before the next one arrives. A slow disk delays the reading of `chunks`. The
 * file is created when the first chunk has arrived.
 *
 * Rejects with {@link RecordingExists}, with a TraceDamaged if `chunks` is not a recording, with
 * errors of the file, and with those of `chunks`; the file keeps what was written.
 */
export async function recordToFile(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
  options: RecordOptions,
): Promise<RecordingResult> {
  if (existsSync(file)) throw new RecordingExists(`${file} already exists`);
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
  let hasHeader = false;
  const header = (): Uint8Array => {
    hasHeader = true;
    return Uint8Array.of(...MAGIC, reader.version ?? VERSION);
  };
  for await (const chunk of chunks) {
    reader.push(chunk);
    for (let block = reader.next(); block !== undefined; block = reader.next()) {
      if (!hasHeader) yield header();
      progress.bytes += block.whole.length;
      if (block.type === Block.tick) {
        const tick = new PayloadReader(block.content);
        progress.recordedMs += tick.varint() / 1000;
        progress.lostTicks += tick.varint();
        progress.ticks++;
      }
      onProgress(progress);
      // The reader reuses its buffer.
      yield block.whole.slice();
    }
  }
  if (!hasHeader) yield header();
  const end: RecordingEnd = { reason: reason() };
  yield jsonBlock(Block.end, end);
}
