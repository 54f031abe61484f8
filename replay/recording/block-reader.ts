import { ByteQueue } from '../input/byte-queue.ts';
import { TraceDamaged } from '../input/trace-error.ts';
import { BLOCK_HEADER, LONGEST_BLOCK, MAGIC, VERSION } from './format.ts';

/** A block of a recording. */
export interface RecordedBlock {
  readonly type: number;
  /** Header included; valid until the next `push`. */
  readonly whole: Uint8Array;
  readonly content: Uint8Array;
  /** Place of the content in the recording. */
  readonly offset: number;
}

/** True of the first bytes of a recording. */
export function isRecording(head: Uint8Array): boolean {
  return head.length >= MAGIC.length && MAGIC.every((byte, i) => head[i] === byte);
}

/** Finds the blocks in bytes that come in pieces. */
export class BlockReader {
  readonly #file: string;
  readonly #queue = new ByteQueue();
  #begun = false;

  constructor(file: string) {
    this.#file = file;
  }

  push(chunk: Uint8Array): void {
    this.#queue.push(chunk);
  }

  /**
   * The next block; undefined: more bytes are needed.
   *
   * @throws {TraceDamaged}
   */
  next(): RecordedBlock | undefined {
    const queue = this.#queue;
    if (!this.#begun && !this.#begin()) return undefined;
    if (queue.length < BLOCK_HEADER) return undefined;
    const { at, offset } = queue;
    const length = queue.view.getUint32(at + 1, true);
    if (length > LONGEST_BLOCK) {
      throw this.#damaged(offset, `a block cannot have ${length} bytes, at most ${LONGEST_BLOCK}`);
    }
    const end = at + BLOCK_HEADER + length;
    if (queue.length < BLOCK_HEADER + length) return undefined;
    const type = queue.bytes[at];
    const whole = queue.bytes.subarray(at, end);
    queue.skip(BLOCK_HEADER + length);
    return { type, whole, content: whole.subarray(BLOCK_HEADER), offset: offset + BLOCK_HEADER };
  }

  /**
   * Tells that no more bytes come.
   *
   * @throws {TraceDamaged} in the middle of a block
   */
  end(): void {
    const { length, offset } = this.#queue;
    if (!this.#begun) throw this.#damaged(offset, 'the recording ends in its header');
    if (length > 0) throw this.#damaged(offset, 'the recording ends in the middle of this block');
  }

  #begin(): boolean {
    const queue = this.#queue;
    if (queue.length <= MAGIC.length) return false;
    const head = queue.bytes.subarray(queue.at, queue.end);
    if (!isRecording(head)) throw this.#damaged(queue.offset, 'this is no recording');
    const version = head[MAGIC.length];
    if (version !== VERSION) {
      throw this.#damaged(
        MAGIC.length,
        `version ${version} of the recording is not known here, ${VERSION} is`,
      );
    }
    queue.skip(MAGIC.length + 1);
    this.#begun = true;
    return true;
  }

  #damaged(offset: number, message: string): TraceDamaged {
    return new TraceDamaged(this.#file, offset, message);
  }
}
