import stringWidth from 'string-width';

const ASCII = /^[\x20-\x7e]*$/;
/** Splits text at user-perceived characters: a letter with its accents, an emoji sequence. */
const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Columns that a text takes on a terminal: two for a CJK character, none for a combining accent. */
export function displayWidth(text: string): number {
  return ASCII.test(text) ? text.length : stringWidth(text);
}

/** The longest prefix of `text` that takes at most `width` columns, without splitting a character. */
export function cutToWidth(text: string, width: number): string {
  if (ASCII.test(text)) return text.slice(0, Math.max(0, width));
  let left = width;
  let cut = '';
  for (const { segment } of GRAPHEMES.segment(text)) {
    left -= displayWidth(segment);
    if (left < 0) break;
    cut += segment;
  }
  return cut;
}
