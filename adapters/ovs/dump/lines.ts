const BACKSLASH = 0x5c;
const LETTER_N = 0x6e;
const LINE_FEED = Buffer.from('\\n', 'latin1');

/** One line of a JSON-escaped text. */
export interface LineEnd {
  /** Where the line's text ends: at the escape that stands for the line feed. */
  end: number;
  /** True when the line contains other escapes and must be decoded first. */
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

/** Bytes of a text that are sampled to estimate its lines. */
const SAMPLE_BYTES = 16 * 1024;

/** Estimates the lines of `text` from its first ones, rather too high than too low. */
export function estimateLines(text: Buffer): number {
  const sample = text.subarray(0, SAMPLE_BYTES);
  let lines = 1;
  for (let at = sample.indexOf(LINE_FEED); at >= 0; at = sample.indexOf(LINE_FEED, at + 2)) lines++;
  return Math.ceil(((lines * text.length) / Math.max(1, sample.length)) * 1.05);
}
