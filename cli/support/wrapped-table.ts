import { displayWidth } from '../../platform/display-width.ts';
import { textTable } from '../../platform/text-table.ts';

/** Minimum width of the last column; on narrower terminals, lines are cut. */
const MIN_WIDTH = 20;

/**
 * A table whose last column is wrapped at spaces, so that its text is not cut.
 */
export function wrappedTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
  paintTitle: (text: string) => string,
): string[] {
  const last = titles.length - 1;
  const before = titles
    .slice(0, last)
    .map(
      (title, i) => Math.max(displayWidth(title), ...rows.map((row) => displayWidth(row[i]))) + 2,
    );
  const lastWidth = Math.max(
    MIN_WIDTH,
    before.reduce((left, column) => left - column, width),
  );
  const wrapped = rows.flatMap((row) =>
    linesOf(row[last], lastWidth).map((line, i) =>
      i === 0 ? [...row.slice(0, last), line] : [...row.slice(0, last).map(() => ''), line],
    ),
  );
  const columns = titles.map((title, i) => ({
    title,
    align: 'left' as const,
    text: (row: readonly string[]) => row[i],
  }));
  return textTable(columns, wrapped, width, paintTitle);
}

/** `text` in lines of at most `width` columns; a longer word gets a separate line. */
function linesOf(text: string, width: number): readonly string[] {
  return text.split(' ').reduce<readonly string[]>((lines, word) => {
    const current = lines.at(-1);
    if (current === undefined) return [word];
    const longer = `${current} ${word}`;
    return displayWidth(longer) > width ? [...lines, word] : [...lines.slice(0, -1), longer];
  }, []);
}
