import { PutBatch } from './put-batch.ts';

/** Batches that may be waiting or being written; an entry takes 160 bytes. */
const MAX_WAITING = 8;

/** Writes one batch; never rejects. */
export type WriteBatch = (batch: PutBatch) => Promise<void>;

/**
 * Batches of entries, written one after another while the next ones are filled. The memory of
 * batches is reused.
 */
export class PutQueue {
  readonly #size: number;
  readonly #write: WriteBatch;
  #filling: PutBatch;
  readonly #waiting: PutBatch[] = [];
  readonly #spare: PutBatch[] = [];
  /** Until every batch is written; undefined: none is waiting. */
  #writing: Promise<void> | undefined;
  /** Resolves when the batch that is being written is. */
  #current: Promise<void> = Promise.resolve();

  /** @param size entries of a batch */
  constructor(size: number, write: WriteBatch) {
    this.#size = size;
    this.#write = write;
    this.#filling = new PutBatch(size);
  }

  /** The batch to add entries to. */
  get filling(): PutBatch {
    return this.#filling;
  }

  /** True while batches are waiting or being written. */
  get isWriting(): boolean {
    return this.#writing !== undefined;
  }

  /** Lets the batch that was filled be written; waits only while too many are. */
  async submit(): Promise<void> {
    if (this.#filling.count === 0) return;
    this.#waiting.push(this.#filling);
    this.#filling = this.#spare.pop() ?? new PutBatch(this.#size);
    this.#writing ??= this.#writeAll();
    while (this.#waiting.length >= MAX_WAITING) await this.#current;
  }

  /** Waits until every submitted batch is written. */
  async written(): Promise<void> {
    await this.#writing;
    this.#spare.length = Math.min(this.#spare.length, 1);
  }

  async #writeAll(): Promise<void> {
    for (let batch = this.#waiting[0]; batch !== undefined; batch = this.#waiting[0]) {
      this.#current = this.#write(batch);
      await this.#current;
      this.#waiting.shift();
      batch.clear();
      this.#spare.push(batch);
    }
    this.#writing = undefined;
  }
}
