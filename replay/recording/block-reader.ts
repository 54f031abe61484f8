import { ByteQueue } from '../input/byte-queue.ts';
import { TraceDamaged } from '../input/trace-error.ts';
import { BLOCK_HEADER, MAX_BLOCK_BYTES, MAGIC, OLDEST_VERSION, VERSION } from './format.ts';

/** A block of a recording. */
export interface RecordedBlock {
  readonly type: number;
  /** With the header; valid until the next `push`. */
  readonly whole: Uint8Array;
  readonly content: Uint8Array;
  /** Offset of the content in the recording. */
  readonly offset: number;
}

/** True if a file with these first bytes is a recording. */
export function isRecording(head: Uint8Array): boolean {
  return head.length >= MAGIC.length && MAGIC.every((byte, i) => head[i] === byte);
}

/** Splits chunks of bytes into blocks. */
export class BlockReader {
  readonly #file: string;
  readonly #queue = new ByteQueue();
  #version: number | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** Version of the format; undefined before {@link next} has read the header. */
  get version(): number | undefined {
    return this.#version;
  }

  push(chunk: Uint8Array): void {
    this.#queue.push(chunk);
  }

  /**
   * The next block; undefined if more bytes are needed.
   *
   * @throws {TraceDamaged}
   */
  next(): RecordedBlock | undefined {
    const queue = this.#queue;
    if (this.#version === undefined && !this.#readHeader()) return undefined;
    if (queue.length < BLOCK_HEADER) return undefined;
    const { at, offset } = queue;
    const length = queue.view.getUint32(at + 1, true);
    if (length > MAX_BLOCK_BYTES) {
      throw this.#damaged(
        offset,
        `the block has ${length} bytes; the maximum is ${MAX_BLOCK_BYTES}`,
      );
    }
    const end = at + BLOCK_HEADER + length;
    if (queue.length < BLOCK_HEADER + length) return undefined;
    const type = queue.bytes[at];
    const whole = queue.bytes.subarray(at, end);
    queue.skip(BLOCK_HEADER + length);
    return { type, whole, content: whole.subarray(BLOCK_HEADER), offset: offset + BLOCK_HEADER };
  }

  /**
   * Declares the input complete.
   *
   * @throws {TraceDamaged} if it ends inside a block
   */
  end(): void {
    const { length, offset } = this.#queue;
    if (this.#version === undefined)
      throw this.#damaged(offset, 'the recording ends in its header');
    if (length > 0) throw this.#damaged(offset, 'the recording ends in the middle of this block');
  }

  #readHeader(): boolean {
    const queue = this.#queue;
    if (queue.length <= MAGIC.length) return false;
    const head = queue.bytes.subarray(queue.at, queue.end);
    if (!isRecording(head)) throw this.#damaged(queue.offset, 'not a recording');
    const version = head[MAGIC.length];
    if (version < OLDEST_VERSION || version > VERSION) {
      throw this.#damaged(
        MAGIC.length,
        `unsupported version ${version} of the recording; expected ${OLDEST_VERSION} to ${VERSION}`,
      );
    }
    queue.skip(MAGIC.length + 1);
    this.#version = version;
    return true;
  }

  #damaged(offset: number, message: string): TraceDamaged {
    return new TraceDamaged(this.#file, offset, message);
  }
}
