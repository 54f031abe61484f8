import { cutToWidth, displayWidth } from './display-width.ts';

/** A column of a text table. */
export interface Column<Row> {
  readonly title: string;
  readonly align: 'left' | 'right';
  text(row: Row): string;
  /** Colours the padded text; must not change its display width. */
  paint?(padded: string, row: Row): string;
}

/**
 * A table as lines of at most `width` columns of the terminal, with two spaces between columns. The
 * last column is cut to the remaining width.
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

/** `text` in exactly `width` columns: padded, or cut with an ellipsis. Unchanged for Infinity. */
export function fitted(text: string, width: number, align: 'left' | 'right'): string {
  if (width === Number.POSITIVE_INFINITY) return text;
  const shown = displayWidth(text) > width ? `${cutToWidth(text, width - 1)}…` : text;
  const padding = ' '.repeat(Math.max(0, width - displayWidth(shown)));
  return align === 'left' ? `${shown}${padding}` : `${padding}${shown}`;
}

/** Replaces control characters, which names from outside could contain, with U+FFFD. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '\uFFFD');
}
