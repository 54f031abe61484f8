import { cutToWidth, displayWidth } from './display-width.ts';

/** A column of a table on the screen. */
export interface Column<Row> {
  readonly title: string;
  readonly align: 'left' | 'right';
  text(row: Row): string;
  /** Paints the padded text; must not change how wide it is on the screen. */
  paint?(padded: string, row: Row): string;
}

/**
 * A table as lines, two spaces between columns, no line wider than `width` columns of the terminal; the last
 * column takes what is left.
 */
export function textTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
  paintTitle: (text: string) => string,
): string[] {
  const cells = rows.map((row) => columns.map((column) => printable(column.text(row))));
  const widths = columns.map((column, i) =>
    cells.reduce(
      (widest, line) => Math.max(widest, displayWidth(line[i])),
      displayWidth(column.title),
    ),
  );
  const before = widths.slice(0, -1).reduce((sum, w) => sum + w + 2, 0);
  const last = widths.length - 1;
  widths[last] = Math.max(1, Math.min(widths[last], width - before));
  const titles = columns.map((column, i) => fitted(column.title, widths[i], column.align));
  const body = rows.map((row, r) =>
    columns
      .map((column, i) => {
        const padded = fitted(cells[r][i], widths[i], column.align);
        return column.paint === undefined ? padded : column.paint(padded, row);
      })
      .join('  ')
      .trimEnd(),
  );
  return [paintTitle(titles.join('  ').trimEnd()), ...body];
}

/** `text` in exactly `width` columns: padded, or cut with an ellipsis. As it is for Infinity. */
export function fitted(text: string, width: number, align: 'left' | 'right'): string {
  if (width === Number.POSITIVE_INFINITY) return text;
  const shown = displayWidth(text) > width ? `${cutToWidth(text, width - 1)}…` : text;
  const padding = ' '.repeat(Math.max(0, width - displayWidth(shown)));
  return align === 'left' ? `${shown}${padding}` : `${padding}${shown}`;
}

/** Names come from outside: what would move the cursor or change colours is made visible. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '\uFFFD');
}
