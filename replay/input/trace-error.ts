/**
 * A trace that cannot be read on: where, and why. What came before that place was good, and has
 * been given out. The classes below say what kind of cause it is.
 */
export abstract class TraceError extends Error {
  /** File as it was named. */
  readonly file: string;

  constructor(file: string, place: string, message: string, options?: ErrorOptions) {
    super(`${file}${place}: ${message}`, options);
    this.file = file;
  }
}

/** The file cannot be opened or read. */
export class TraceUnreadable extends TraceError {
  override readonly name = 'TraceUnreadable';

  constructor(file: string, why: string, options?: ErrorOptions) {
    super(file, '', `cannot be read: ${why}`, options);
  }
}

/** The file is of no format that is known here. */
export class TraceFormatUnknown extends TraceError {
  override readonly name = 'TraceFormatUnknown';

  constructor(file: string) {
    super(
      file,
      '',
      'this is no recording of "norikae record", no CSV of flow records, no pcap and no pcapng',
    );
  }
}

/** A line of a CSV file that is no flow record, or comes too late to be put in order. */
export class FlowRecordError extends TraceError {
  override readonly name = 'FlowRecordError';
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;

  constructor(file: string, line: number, column: number, message: string) {
    super(file, `:${line}:${column}`, message);
    this.line = line;
    this.column = column;
  }
}

/** Bytes that are not what the format has at that place, or the end where there should be more. */
export class TraceDamaged extends TraceError {
  override readonly name = 'TraceDamaged';
  /** In the file, or in what gzip makes of it. */
  readonly offset: number;

  constructor(file: string, offset: number, message: string) {
    super(file, ` at byte ${offset}`, message);
    this.offset = offset;
  }
}

/** gzip's own check failed, or its data ends early. */
export class TraceCompressionDamaged extends TraceError {
  override readonly name = 'TraceCompressionDamaged';

  constructor(file: string, unpacked: number, why: string, options?: ErrorOptions) {
    super(file, ` after ${unpacked} bytes unpacked`, `gzip says: ${why}`, options);
  }
}

/** More flows at a time than there is room for. */
export class TooManyFlows extends Error {
  override readonly name = 'TooManyFlows';
}
