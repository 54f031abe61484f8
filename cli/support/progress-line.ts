import { cutToWidth } from '../../platform/display-width.ts';
import type { Terminal } from '../../platform/terminal.ts';

/** Period of redraws on a terminal, and of new lines elsewhere, ms. */
const REDRAW_MS = 100;
const REPEAT_MS = 10_000;
const BAR = 24;

/** Shows the progress of a long operation; prints nothing for a short one. */
export class ProgressLine {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  #shownMs: number;
  #drawn = false;

  /** @param now clock, ms */
  constructor(terminal: Terminal, now: () => number) {
    this.#terminal = terminal;
    this.#now = now;
    this.#shownMs = now();
  }

  /**
   * Shows the progress if a period has passed since the last call that did.
   *
   * @param share 0 to 1; undefined: the total is unknown
   */
  show(share: number | undefined, text: () => string): void {
    const { interactive } = this.#terminal;
    const nowMs = this.#now();
    if (nowMs - this.#shownMs < (interactive ? REDRAW_MS : REPEAT_MS)) return;
    this.#shownMs = nowMs;
    const line = `${share === undefined ? '' : `${bar(share)} `}${text()}`;
    if (!interactive) {
      this.#terminal.write(`${line}\n`);
      return;
    }
    const { columns } = this.#terminal.size();
    this.#drawn = true;
    this.#terminal.write(`\r\u001B[K${cutToWidth(line, columns - 1)}`);
  }

  /** Erases the line. */
  clear(): void {
    if (this.#drawn) this.#terminal.write('\r\u001B[K');
    this.#drawn = false;
  }
}

function bar(share: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * BAR);
  const percent = String(Math.floor(share * 100)).padStart(3);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}] ${percent} %`;
}
