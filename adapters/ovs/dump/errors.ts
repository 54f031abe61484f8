/** The dump ends in the middle of a line: an unknown number of flows is missing. */
export class DumpTruncated extends Error {
  override readonly name = 'DumpTruncated';
  constructor(at: number, rest: string) {
    super(`the flow dump breaks off after ${at} bytes, in the line ${JSON.stringify(rest)}`);
  }
}

/** Not one line of the dump could be read: this is no dump that this version knows. */
export class DumpUnreadable extends Error {
  override readonly name = 'DumpUnreadable';
  constructor(lines: number, first: string) {
    super(`none of the ${lines} lines of the flow dump could be read; the first: ${first}`);
  }
}
