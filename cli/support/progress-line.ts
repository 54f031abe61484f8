import { cutToWidth } from '../../platform/display-width.ts';
import type { Terminal } from '../../platform/terminal.ts';

/** On a terminal the line is redrawn so often, ms; elsewhere a new one is written so often. */
const REDRAW_MS = 100;
const REPEAT_MS = 10_000;
const BAR = 24;

/** Tells on standard error how far something is that takes long; nothing of what is soon done. */
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
   * Shows where it is, when it is time to.
   *
   * @param share 0 to 1; undefined: nobody knows how much is to come
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

  /** Takes the line away. */
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
