const ESCAPE = '\u001B';
/** A sequence, or a character. */
const TOKENS = new RegExp(String.raw`${ESCAPE}\[([\d;?]*)([A-Za-z])|[^]`, 'gu');
const UNFINISHED = new RegExp(String.raw`${ESCAPE}(?:\[[\d;?]*)?$`);

/** The lines that a terminal shows after output with the sequences that the project writes. */
export class Screen {
  readonly #columns: number;

  constructor(columns: number) {
    this.#columns = columns;
  }

  /** The lines after all of `output`, without spaces at their ends. */
  after(output: string): readonly string[] {
    const lines: string[] = [''];
    let row = 0;
    let column = 0;
    // A sequence that has not arrived whole.
    const whole = output.replace(UNFINISHED, '');
    for (const [token, count, letter] of whole.matchAll(TOKENS)) {
      if (letter === 'A') row = Math.max(0, row - Number(count === '' ? 1 : count));
      else if (letter === 'J') {
        lines.length = row + 1;
        lines[row] = lines[row].slice(0, column);
      } else if (letter === 'K') lines[row] = lines[row].slice(0, column);
      else if (letter !== undefined) continue;
      else if (token === '\r') column = 0;
      else if (token === '\n') {
        row++;
        lines[row] ??= '';
      } else {
        if (column >= this.#columns) throw new Error(`a line is too wide: ${lines[row]}`);
        lines[row] =
          `${lines[row].slice(0, column).padEnd(column)}${token}${lines[row].slice(column + 1)}`;
        column++;
      }
    }
    return lines.map((line) => line.trimEnd());
  }
}
