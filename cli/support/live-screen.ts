import type { LineSink } from '../../platform/line-sink.ts';
import type { Terminal } from '../../platform/terminal.ts';

const HIDE_CURSOR = '\u001B[?25l';
const SHOW_CURSOR = '\u001B[?25h';
const ERASE_BELOW = '\u001B[J';

/**
 * A block of lines at the end of a terminal that is redrawn in place; other lines (the log) go above
 * it. The last content stays visible after close.
 */
export class LiveScreen implements LineSink {
  readonly #terminal: Terminal;
  #lines: readonly string[] = [];
  #open = true;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    terminal.write(HIDE_CURSOR);
  }

  /** Replaces the block. Lines must not be wider than the terminal. */
  show(lines: readonly string[]): void {
    if (!this.#open) return;
    const before = this.#backToTop();
    // A block as high as the terminal would scroll, and could not be overwritten.
    this.#lines = lines.slice(0, Math.max(1, this.#terminal.size().rows - 1));
    this.#terminal.write(`${before}${this.#block()}`);
  }

  /** Writes a line above the block. */
  write(line: string): void {
    this.#terminal.write(this.#open ? `${this.#backToTop()}${line}${this.#block()}` : line);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#terminal.write(SHOW_CURSOR);
  }

  #backToTop(): string {
    const up = this.#lines.length;
    return up === 0 ? '' : `\u001B[${up}A\r${ERASE_BELOW}`;
  }

  #block(): string {
    return this.#lines.map((line) => `${line}\n`).join('');
  }
}
