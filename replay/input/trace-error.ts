/**
 * Reading a trace failed: where and why. Everything before that position was valid and has been
 * returned. The subclasses are the causes.
 */
export abstract class TraceError extends Error {
  /** File name as the user gave it. */
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

/** The format of the file is not supported. */
export class TraceFormatUnknown extends TraceError {
  override readonly name = 'TraceFormatUnknown';

  constructor(file: string) {
    super(
      file,
      '',
      'unknown format; expected a recording of "norikae record", CSV flow records, pcap or pcapng',
    );
  }
}

/** A line of a CSV file is not a valid flow record, or is too far out of order. */
export class FlowRecordError extends TraceError {
  override readonly name = 'FlowRecordError';
  /** Line and column, from 1. */
  readonly line: number;
  readonly column: number;

  constructor(file: string, line: number, column: number, message: string) {
    super(file, `:${line}:${column}`, message);
    this.line = line;
    this.column = column;
  }
}

/** The bytes do not conform to the format, or the file is truncated. */
export class TraceDamaged extends TraceError {
  override readonly name = 'TraceDamaged';
  /** Byte offset, after unpacking. */
  readonly offset: number;

  constructor(file: string, offset: number, message: string) {
    super(file, ` at byte ${offset}`, message);
    this.offset = offset;
  }
}

/** Unpacking gzip failed: its checksum is wrong, or its data is truncated. */
export class TraceCompressionDamaged extends TraceError {
  override readonly name = 'TraceCompressionDamaged';

  constructor(file: string, unpacked: number, why: string, options?: ErrorOptions) {
    super(file, ` after ${unpacked} unpacked bytes`, `gzip: ${why}`, options);
  }
}

/** The trace has more concurrent flows than supported. */
export class TooManyFlows extends Error {
  override readonly name = 'TooManyFlows';
}
