/** The dump ends in the middle of a line; an unknown number of flows is missing. */
export class DumpTruncated extends Error {
  override readonly name = 'DumpTruncated';
  constructor(at: number, rest: string) {
    super(
      `the flow dump ends after ${at} bytes, in the middle of the line ${JSON.stringify(rest)}`,
    );
  }
}

/** No line of the dump could be read: its format is unknown. */
export class DumpUnreadable extends Error {
  override readonly name = 'DumpUnreadable';
  constructor(lines: number, first: string) {
    super(`none of the ${lines} lines of the flow dump could be read; the first: ${first}`);
  }
}
