import { coloursOf, type Terminal } from '../../platform/terminal.ts';

/** A terminal that records its output. */
export class TestTerminal implements Terminal {
  text = '';
  interactive = false;
  columns = 120;
  rows = 24;
  readonly colours = coloursOf(false);

  waiting = 0;

  backlog(): number {
    return this.waiting;
  }

  write(text: string): void {
    this.text += text;
  }

  size(): { columns: number; rows: number } {
    return { columns: this.columns, rows: this.rows };
  }
}
