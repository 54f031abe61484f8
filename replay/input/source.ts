import { open, type FileHandle } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { TraceCompressionDamaged, TraceError, TraceUnreadable } from './trace-error.ts';
import { errorMessage } from '../../text/error-message.ts';

/** Bytes per read. */
const CHUNK_BYTES = 256 * 1024;

/** File name that means the standard input. */
export const STANDARD_INPUT = '-';

/** The bytes of a file, unpacked if it is gzip. */
export interface TraceSource {
  readonly file: string;
  /** Size of the file, bytes; undefined for a pipe. */
  readonly size: number | undefined;
  /** Bytes of the file read so far, before unpacking. */
  bytesRead(): number;
  /** The first bytes, up to 64; `chunks` includes them. */
  readonly head: Uint8Array;
  /** Can be iterated once; rejects with a {@link TraceError}. Ending it early closes the file. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Closes the file if `chunks` is not iterated. */
  close(): Promise<void>;
}

/**
 * Opens a trace file or {@link STANDARD_INPUT}.
 *
 * @throws {TraceUnreadable} if the file does not exist or cannot be read
 * @throws {TraceCompressionDamaged} if the first bytes cannot be unpacked
 */
export async function openTrace(file: string): Promise<TraceSource> {
  let count = 0;
  const onRead = (bytes: number): void => {
    count += bytes;
  };
  const { size, bytes } = await rawBytes(file, onRead);
  const raw = await withHead(bytes);
  const gzip = raw.head.length >= 2 && raw.head[0] === 0x1f && raw.head[1] === 0x8b;
  const { head, chunks, close } = gzip ? await withHead(unpacked(file, raw.chunks)) : raw;
  return { file, size, bytesRead: () => count, head, chunks, close };
}

async function rawBytes(file: string, onRead: (bytes: number) => void) {
  if (file === STANDARD_INPUT) return { size: undefined, bytes: standardInput(onRead) };
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    const stats = await handle.stat();
    if (stats.isDirectory()) throw new TraceUnreadable(file, 'it is a directory');
    return {
      size: stats.isFile() ? stats.size : undefined,
      bytes: fileBytes(file, handle, onRead),
    };
  } catch (error) {
    await handle?.close();
    throw unreadable(file, error);
  }
}

async function* fileBytes(
  file: string,
  handle: FileHandle,
  onRead: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const { bytesRead, buffer } = await handle.read(new Uint8Array(CHUNK_BYTES), 0, CHUNK_BYTES);
      if (bytesRead === 0) return;
      onRead(bytesRead);
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw unreadable(file, error);
  } finally {
    await handle.close();
  }
}

async function* standardInput(onRead: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of process.stdin) {
    const bytes: Uint8Array = Buffer.from(chunk);
    onRead(bytes.length);
    yield bytes;
  }
}

async function* unpacked(
  file: string,
  packed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  let count = 0;
  // Errors of both streams reach the iteration below.
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

/** Reads ahead to get the first bytes; `chunks` still yields all of them. */
async function withHead(bytes: AsyncGenerator<Uint8Array>) {
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
    // If iteration ends within `first`, `yield* rest` does not close `rest`.
    await rest.return(undefined);
  }
}

function unreadable(file: string, error: unknown): Error {
  if (error instanceof TraceError) return error;
  return new TraceUnreadable(file, errorMessage(error), { cause: error });
}
