import { open, type FileHandle } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { TraceCompressionDamaged, TraceError, TraceUnreadable } from './trace-error.ts';
import { errorMessage } from '../../text/error-message.ts';

/** Bytes asked of the file at a time. */
const CHUNK_BYTES = 256 * 1024;

/** Stands for the standard input where a file is named. */
export const STANDARD_INPUT = '-';

/** Bytes of a file one after another, unpacked when it is gzip. */
export interface TraceSource {
  readonly file: string;
  /** Size of the file, bytes; undefined where it has none (a pipe). */
  readonly size: number | undefined;
  /** Bytes of the file, as it lies there, that have been read so far. */
  read(): number;
  /** The first bytes, as many as there are up to 64; still given out by `chunks`. */
  readonly head: Uint8Array;
  /** To be iterated once; rejects with a {@link TraceError}. Ending it early closes the file. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Closes the file; for whoever does not iterate. */
  close(): Promise<void>;
}

/**
 * Opens a trace; {@link STANDARD_INPUT} is one, too.
 *
 * @throws {TraceUnreadable} when there is no such file, or it cannot be read
 * @throws {TraceCompressionDamaged} when it is gzip and already its beginning is damaged
 */
export async function openTrace(file: string): Promise<TraceSource> {
  let count = 0;
  const note = (bytes: number): void => {
    count += bytes;
  };
  const { size, bytes } = await rawBytes(file, note);
  const raw = await headed(bytes);
  const gzip = raw.head.length >= 2 && raw.head[0] === 0x1f && raw.head[1] === 0x8b;
  const { head, chunks, close } = gzip ? await headed(unpacked(file, raw.chunks)) : raw;
  return { file, size, read: () => count, head, chunks, close };
}

async function rawBytes(file: string, note: (bytes: number) => void) {
  if (file === STANDARD_INPUT) return { size: undefined, bytes: standardInput(note) };
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    const stats = await handle.stat();
    if (stats.isDirectory()) throw new TraceUnreadable(file, 'it is a folder');
    return { size: stats.isFile() ? stats.size : undefined, bytes: fileBytes(file, handle, note) };
  } catch (error) {
    await handle?.close();
    throw unreadable(file, error);
  }
}

async function* fileBytes(
  file: string,
  handle: FileHandle,
  note: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const { bytesRead, buffer } = await handle.read(new Uint8Array(CHUNK_BYTES), 0, CHUNK_BYTES);
      if (bytesRead === 0) return;
      note(bytesRead);
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw unreadable(file, error);
  } finally {
    await handle.close();
  }
}

async function* standardInput(note: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of process.stdin) {
    const bytes: Uint8Array = Buffer.from(chunk);
    note(bytes.length);
    yield bytes;
  }
}

async function* unpacked(
  file: string,
  packed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  let count = 0;
  // Errors come out of the iteration below, whichever end they began at.
  pipeline(Readable.from(packed), gunzip, () => undefined);
  try {
    for await (const chunk of gunzip) {
      const bytes: Uint8Array = chunk;
      count += bytes.length;
      yield bytes;
    }
  } catch (error) {
    if (error instanceof TraceError) throw error;
    throw new TraceCompressionDamaged(file, count, errorMessage(error), { cause: error });
  } finally {
    gunzip.destroy();
  }
}

/** The same bytes, the first of them looked at. */
async function headed(bytes: AsyncGenerator<Uint8Array>) {
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < 64) {
    const next = await bytes.next();
    if (next.done === true) break;
    first.push(next.value);
    length += next.value.length;
  }
  const head = Buffer.concat(first).subarray(0, 64);
  const close = async (): Promise<void> => {
    await bytes.return(undefined);
  };
  return { head, chunks: chained(first, bytes), close };
}

async function* chained(
  first: readonly Uint8Array[],
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* first;
    yield* rest;
  } finally {
    // When it is ended among the first ones, nobody else ends the rest.
    await rest.return(undefined);
  }
}

function unreadable(file: string, error: unknown): Error {
  if (error instanceof TraceError) return error;
  return new TraceUnreadable(file, errorMessage(error), { cause: error });
}
