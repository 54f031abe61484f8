const BACKSLASH = 0x5c;
const LETTER_N = 0x6e;

/** One line of a JSON-escaped text. */
export interface LineEnd {
  /** Where the line's text ends: at the escape that stands for the line feed. */
  end: number;
  /** True when the line holds other escapes, so that it must be decoded to be read. */
  escaped: boolean;
}

/**
 * Finds the end of the line that begins at `from` in the inside of a JSON string, where a line
 * feed is written as backslash and n.
 *
 * @returns false when the text ends first
 */
export function findLineEnd(text: Buffer, from: number, line: LineEnd): boolean {
  line.escaped = false;
  for (let at = text.indexOf(BACKSLASH, from); at >= 0; at = text.indexOf(BACKSLASH, at + 2)) {
    if (text[at + 1] === LETTER_N) {
      line.end = at;
      return true;
    }
    line.escaped = true;
  }
  line.end = text.length;
  return false;
}

/** Decodes the inside of a JSON string; undefined when it is none. */
export function decodeEscapes(text: Buffer): Buffer | undefined {
  try {
    const decoded: unknown = JSON.parse(`"${text.toString('utf8')}"`);
    return typeof decoded === 'string' ? Buffer.from(decoded, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
