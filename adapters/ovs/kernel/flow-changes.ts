import type { FlowId } from '../../../engine/model/flow-id.ts';

const MIN_CAPACITY = 256;
const WORDS = 4;

/** What a notification says about a flow. */
export const ChangeKind = { put: 1, deleted: 2 } as const;
export type ChangeKind = (typeof ChangeKind)[keyof typeof ChangeKind];

/**
 * The flows that changed since the last reading, in the order of the notifications. Bounded: when
 * there are too many, or notifications were lost, all flows must be read.
 */
export class FlowChanges {
  #words = new Uint32Array(MIN_CAPACITY * WORDS);
  #kinds = new Uint8Array(MIN_CAPACITY);
  #count = 0;
  #max = 0;
  #isComplete = false;

  /** False: changes are missing. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  get count(): number {
    return this.#count;
  }

  kindAt(at: number): number {
    return this.#kinds[at];
  }

  idAt(at: number): FlowId {
    const [w0, w1, w2, w3] = this.#words.subarray(at * WORDS, at * WORDS + WORDS);
    return { w0, w1, w2, w3 };
  }

  add({ w0, w1, w2, w3 }: FlowId, kind: ChangeKind): void {
    if (!this.#isComplete) return;
    if (this.#count === this.#max) return this.lose();
    if (this.#count === this.#kinds.length) this.#grow();
    const at = this.#count * WORDS;
    this.#words[at] = w0;
    this.#words[at + 1] = w1;
    this.#words[at + 2] = w2;
    this.#words[at + 3] = w3;
    this.#kinds[this.#count++] = kind;
  }

  /** Changes are missing until the next {@link restart}. */
  lose(): void {
    this.#isComplete = false;
    this.#count = 0;
  }

  /**
   * Forgets the changes that are known, because all flows are about to be read.
   *
   * @param max changes to remember until the next reading; beyond, reading all flows costs less
   */
  restart(max: number): void {
    this.#max = max;
    this.#isComplete = true;
    this.#count = 0;
  }

  /** Forgets the changes that a reading has dealt with. @param max as of {@link restart} */
  clear(max: number): void {
    this.#max = max;
    this.#count = 0;
  }

  #grow(): void {
    const words = new Uint32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#words = words;
    const kinds = new Uint8Array(this.#kinds.length * 2);
    kinds.set(this.#kinds);
    this.#kinds = kinds;
  }
}
