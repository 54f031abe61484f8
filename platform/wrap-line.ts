import { cutToWidth, displayWidth } from './display-width.ts';

/** Columns by which the rest of a wrapped line is indented more than its beginning. */
const HANGING = 2;

/** A line in pieces of at most `width` columns, divided at spaces, and words where they are longer. */
export function wrapLine(line: string, width: number): readonly string[] {
  const indent = /^ */.exec(line)?.[0].length ?? 0;
  const pieces: string[] = [];
  let rest = line;
  while (displayWidth(rest) > width) {
    const begin = cutToWidth(rest, width);
    const fits = begin.lastIndexOf(' ');
    // A space in the indentation divides nothing.
    const cut = begin.slice(0, fits).trim() === '' ? begin.length : fits;
    pieces.push(rest.slice(0, cut));
    rest = `${' '.repeat(Math.min(indent + HANGING, Math.floor(width / 2)))}${rest.slice(cut).trimStart()}`;
  }
  return [...pieces, rest];
}
