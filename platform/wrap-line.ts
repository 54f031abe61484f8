import { cutToWidth, displayWidth } from './display-width.ts';

/** Columns by which the rest of a wrapped line is indented more than its beginning. */
const HANGING = 2;
/** On narrower terminals the rest is not indented, columns. */
const MIN_WIDTH = 8;

/**
 * A line in pieces of at most `width` columns: divided at spaces, behind commas where that would leave
 * half a line empty, and anywhere in a longer word.
 */
export function wrapLine(line: string, width: number): readonly string[] {
  const indent = /^ */.exec(line)?.[0].length ?? 0;
  // Without an indentation, a very narrow line has room for a wide character.
  const hanging = ' '.repeat(width < MIN_WIDTH ? 0 : Math.min(indent + HANGING, width / 2));
  const pieces: string[] = [];
  let rest = line;
  while (displayWidth(rest) > width) {
    const cut = cutAt(rest, width);
    pieces.push(rest.slice(0, cut).trimEnd());
    rest = `${hanging}${rest.slice(cut).trimStart()}`;
  }
  return [...pieces, rest];
}

/** Where to divide a line that is too wide: an index behind its indentation. */
function cutAt(line: string, width: number): number {
  const begin = cutToWidth(line, width);
  // A word can end exactly at the edge.
  const space = line[begin.length] === ' ' ? begin.length : begin.lastIndexOf(' ');
  if (space > width / 2 && begin.slice(0, space).trim() !== '') return space;
  const comma = begin.lastIndexOf(',') + 1;
  if (begin.slice(0, comma).trim() !== '') return comma;
  if (begin.slice(0, Math.max(0, space)).trim() !== '') return space;
  return Math.max(begin.length, 1);
}
