import { decodeEscapes, findLineEnd, type LineEnd } from '../dump/lines.ts';
import { ConnectionLineReader } from './connection-line.ts';
import { ConnectionRecord } from './connection-record.ts';
import { ConntrackUnreadable } from './errors.ts';

const NO_TEXT: Buffer = Buffer.alloc(0);
const NO_VIEW: DataView = new DataView(new ArrayBuffer(0));
/** Bytes of an unreadable line to show. */
const SAMPLE_BYTES = 200;

/** Result of a reading. */
export interface ConnectionDumpSummary {
  readonly skipped: number;
  /** The beginning of the first skipped line. */
  readonly firstSkipped: string | undefined;
}

/**
 * Reads the output of `dpctl/dump-conntrack -m -s` from the bytes of the JSON reply, some lines at a
 * time. A line that cannot be read, or is not complete, is skipped and counted: its connection is
 * unknown.
 */
export class ConnectionDump {
  readonly #lines = new ConnectionLineReader();
  readonly #record = new ConnectionRecord();
  readonly #line: LineEnd = { end: 0, escaped: false };
  #text = NO_TEXT;
  #view = NO_VIEW;
  #at = 0;
  #read = 0;
  #skipped = 0;
  #firstSkipped: string | undefined;

  /** @param escaped inside of a JSON string */
  begin(escaped: Buffer): void {
    this.#text = escaped;
    this.#view = viewOf(escaped);
    this.#at = 0;
    this.#read = 0;
    this.#skipped = 0;
    this.#firstSkipped = undefined;
  }

  /**
   * Reads up to `lines` lines, and calls `take` with each connection. Returns true at the end.
   *
   * @param take the record is valid during the call
   */
  read(lines: number, take: (record: ConnectionRecord) => void): boolean {
    for (let i = 0; i < lines; i++) {
      if (this.#at >= this.#text.length) return true;
      this.#next(take);
    }
    return this.#at >= this.#text.length;
  }

  /**
   * Releases the text.
   *
   * @throws {ConntrackUnreadable}
   */
  finish(): ConnectionDumpSummary {
    this.#text = NO_TEXT;
    this.#view = NO_VIEW;
    this.#lines.release();
    const skipped = this.#skipped;
    const firstSkipped = this.#firstSkipped;
    if (this.#read === 0 && firstSkipped !== undefined) {
      throw new ConntrackUnreadable(skipped, firstSkipped);
    }
    return { skipped, firstSkipped };
  }

  #next(take: (record: ConnectionRecord) => void): void {
    const line = this.#line;
    const from = this.#at;
    const isComplete = findLineEnd(this.#text, from, line);
    const { end, escaped } = line;
    this.#at = end + 2;
    if (end === from) return;
    if (isComplete && this.#readLine(from, end, escaped)) {
      this.#read++;
      take(this.#record);
      return;
    }
    this.#skipped++;
    this.#firstSkipped ??= this.#text.toString('utf8', from, Math.min(end, from + SAMPLE_BYTES));
  }

  #readLine(from: number, end: number, escaped: boolean): boolean {
    if (!escaped) return this.#lines.read(this.#text, this.#view, from, end, this.#record);
    const copy = decodeEscapes(this.#text.subarray(from, end));
    if (copy === undefined) return false;
    return this.#lines.read(copy, viewOf(copy), 0, copy.length, this.#record);
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
