const BACKSLASH = 0x5c;
const LETTER_N = 0x6e;
const LINE_FEED = Buffer.from('\\n', 'latin1');

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

/** Decodes the inside of a JSON string; undefined when it is malformed. */
export function decodeEscapes(text: Buffer): Buffer | undefined {
  try {
    const decoded: unknown = JSON.parse(`"${text.toString('utf8')}"`);
    return typeof decoded === 'string' ? Buffer.from(decoded, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}

/** How much of a text is looked at to guess its lines, bytes. */
const SAMPLE_BYTES = 16 * 1024;

/** About how many lines `text` has, a few too many rather than too few, going by its first ones. */
export function estimateLines(text: Buffer): number {
  const sample = text.subarray(0, SAMPLE_BYTES);
  let lines = 1;
  for (let at = sample.indexOf(LINE_FEED); at >= 0; at = sample.indexOf(LINE_FEED, at + 2)) lines++;
  return Math.ceil(((lines * text.length) / Math.max(1, sample.length)) * 1.05);
}
