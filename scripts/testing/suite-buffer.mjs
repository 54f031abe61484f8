import { SUITE_END } from './suite-end.mjs';

/** Maximum buffer; more is printed before its suite has ended, characters. */
const MAX_HELD = 4_000_000;

/** Buffers the output of a lane until a suite ends, so that the output of lanes does not mix. */
export class SuiteBuffer {
  #held = '';
  #print;
  #live;

  /**
   * @param {(text: string) => void} print
   * @param {boolean} live print at once: no other lane runs
   */
  constructor(print, live) {
    this.#print = print;
    this.#live = live;
  }

  /** @param {string} text */
  write(text) {
    this.#held += text;
    const end = this.#held.lastIndexOf(SUITE_END) + 1;
    if (this.#live || this.#held.length > MAX_HELD) this.flush();
    else if (end > 0) this.#printUpTo(end);
  }

  /** Prints the rest of the buffer. */
  flush() {
    this.#printUpTo(this.#held.length);
  }

  /** @param {number} end */
  #printUpTo(end) {
    const text = this.#held.slice(0, end).replaceAll(SUITE_END, '');
    this.#held = this.#held.slice(end);
    if (text !== '') this.#print(text);
  }
}
