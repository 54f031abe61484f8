import { isIP } from 'node:net';
import { didYouMean } from '../../text/nearest.ts';
import { type CsvFields, csvFields, CsvQuoteError } from './csv-fields.ts';
import type { FlowRecord } from './flow-record.ts';
import { StartOrder } from './start-order.ts';
import { openTrace, type TraceSource } from '../input/source.ts';
import { FlowRecordError } from '../input/trace-error.ts';

/** Columns in their order without a header; the first four are required. */
const COLUMNS = [
  'start_s',
  'duration_s',
  'bytes',
  'packets',
  'src',
  'dst',
  'proto',
  'sport',
  'dport',
  'slice',
] as const;
type Column = (typeof COLUMNS)[number];
const REQUIRED: readonly Column[] = COLUMNS.slice(0, 4);

/** Longer lines are refused; characters. */
const MAX_LINE_CHARS = 64 * 1024;
/** Latest start and longest duration, s: enough for dates up to the year 2242. */
const MAX_SECONDS = 2 ** 33;
const MAX_BYTES = Number.MAX_SAFE_INTEGER;
const MAX_SLICE_CHARS = 64;
/** IP protocols that can be given by name. */
const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['icmp', 1],
  ['tcp', 6],
  ['udp', 17],
  ['icmp6', 58],
  ['ipv6-icmp', 58],
  ['sctp', 132],
]);

/**
 * The flow records of a CSV file in the order of their starts. Memory does not grow with the file.
 *
 * `start_s,duration_s,bytes,packets[,src,dst,proto,sport,dport,slice]`, with or without a header.
 * With one, columns can have any order, and other columns are ignored. Gzip is unpacked. Records
 * can be out of order within a window of 65,536 ({@link StartOrder}).
 *
 * Rejects with a TraceError: a {@link FlowRecordError} has line and column.
 */
export async function* readFlowRecords(file: string): AsyncGenerator<FlowRecord> {
  for await (const batch of flowRecordBatches(await openTrace(file))) yield* batch;
}

/** Like {@link readFlowRecords}, from an open file and in batches: one await per record is slow. */
export async function* flowRecordBatches(
  source: TraceSource,
): AsyncGenerator<readonly FlowRecord[]> {
  const parser = new FlowRecordParser(source.file);
  const order = new StartOrder(source.file);
  try {
    for await (const lines of lineBatches(source)) {
      for (const line of lines) {
        const record = parser.record(line);
        if (record !== undefined) order.add(record);
      }
      yield order.takeReady();
    }
  } catch (error) {
    // The records before an error are valid.
    yield order.takeRest();
    throw error;
  }
  yield order.takeRest();
}

/** Parses lines into flow records. */
export class FlowRecordParser {
  readonly #file: string;
  /** Index of each column in a line, -1 if absent; undefined before the first line. */
  #indexes: Readonly<Record<Column, number>> | undefined;
  #line = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** The record of the next line; undefined for the header and for empty lines. */
  record(line: string): FlowRecord | undefined {
    this.#line++;
    const text = this.#line === 1 && line.startsWith('\uFEFF') ? line.slice(1) : line;
    if (text.trim() === '') return undefined;
    const fields = this.#fields(text);
    if (this.#indexes === undefined) {
      const header = /^[a-z_]/i.test(fields.texts[0]);
      this.#indexes = header ? this.#header(fields) : WITHOUT_HEADER;
      if (header) return undefined;
    }
    return this.#record(fields, this.#indexes);
  }

  #record(fields: CsvFields, indexes: Readonly<Record<Column, number>>): FlowRecord {
    const number = (column: Column, max: number, integer: boolean): number | undefined =>
      this.#number(fields, indexes[column], column, max, integer);
    const bytes = number('bytes', MAX_BYTES, true) ?? this.#missing(fields, indexes, 'bytes');
    const packets = number('packets', MAX_BYTES, true) ?? this.#missing(fields, indexes, 'packets');
    if (packets === 0 && bytes > 0) {
      throw this.#error(fields, indexes.packets, `0 packets cannot have ${bytes} bytes`);
    }
    const start = number('start_s', MAX_SECONDS, false);
    const duration = number('duration_s', MAX_SECONDS, false);
    return {
      startMs: 1000 * (start ?? this.#missing(fields, indexes, 'start_s')),
      durationMs: 1000 * (duration ?? this.#missing(fields, indexes, 'duration_s')),
      bytes,
      packets,
      src: this.#address(fields, indexes.src, 'src'),
      dst: this.#address(fields, indexes.dst, 'dst'),
      proto: this.#protocol(fields, indexes.proto),
      sport: number('sport', 65_535, true),
      dport: number('dport', 65_535, true),
      slice: this.#slice(fields, indexes.slice),
      line: this.#line,
    };
  }

  #fields(line: string): CsvFields {
    if (!line.includes('"')) return plainFields(line);
    try {
      return csvFields(line);
    } catch (error) {
      if (!(error instanceof CsvQuoteError)) throw error;
      throw new FlowRecordError(this.#file, this.#line, error.column, error.message);
    }
  }

  #header(fields: CsvFields): Readonly<Record<Column, number>> {
    const names = fields.texts.map((text) => text.toLowerCase());
    const indexes = { ...WITHOUT_HEADER };
    for (const column of COLUMNS) indexes[column] = names.indexOf(column);
    for (const column of REQUIRED) {
      if (indexes[column] !== -1) continue;
      const suggestion = didYouMean(column, names);
      throw this.#error(fields, 0, `the header has no column "${column}"${suggestion}`);
    }
    return indexes;
  }

  #number(
    fields: CsvFields,
    index: number,
    column: Column,
    max: number,
    integer: boolean,
  ): number | undefined {
    const text = textAt(fields, index);
    if (text === '') return undefined;
    const value = Number(text);
    if (value >= 0 && value <= max && (!integer || Number.isInteger(value))) return value;
    const kind = integer ? 'a whole number' : 'a number';
    throw this.#error(fields, index, `${column} is ${kind} from 0 to ${max}, not "${text}"`);
  }

  #address(fields: CsvFields, index: number, column: Column): string | undefined {
    const text = textAt(fields, index);
    if (text === '') return undefined;
    if (isIP(text) !== 0 && !text.includes('%')) return text;
    throw this.#error(fields, index, `${column} is an IPv4 or IPv6 address, not "${text}"`);
  }

  #protocol(fields: CsvFields, index: number): number | undefined {
    const named = PROTOCOLS.get(textAt(fields, index).toLowerCase());
    return named ?? this.#number(fields, index, 'proto', 255, true);
  }

  #slice(fields: CsvFields, index: number): string | undefined {
    const text = textAt(fields, index);
    if (text.length <= MAX_SLICE_CHARS) return text === '' ? undefined : text;
    throw this.#error(fields, index, `a slice's name has at most ${MAX_SLICE_CHARS} characters`);
  }

  #missing(fields: CsvFields, indexes: Readonly<Record<Column, number>>, column: Column): never {
    throw this.#error(fields, indexes[column], `${column} is missing`);
  }

  #error(fields: CsvFields, index: number, message: string): FlowRecordError {
    const column = fields.columns[index] ?? fields.columns.at(-1) ?? 1;
    return new FlowRecordError(this.#file, this.#line, column, message);
  }
}

const WITHOUT_HEADER: Readonly<Record<Column, number>> = {
  start_s: 0,
  duration_s: 1,
  bytes: 2,
  packets: 3,
  src: 4,
  dst: 5,
  proto: 6,
  sport: 7,
  dport: 8,
  slice: 9,
};

function textAt(fields: CsvFields, index: number): string {
  return fields.texts[index] ?? '';
}

/** Fields of a line without quotes; their columns are computed only for an error message. */
function plainFields(line: string): CsvFields {
  const texts = line.split(',').map((text) => text.trim());
  return {
    texts,
    get columns() {
      return csvFields(line).columns;
    },
  };
}

/** The lines of a file, a batch per chunk. */
async function* lineBatches(source: TraceSource): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  let count = 0;
  for await (const chunk of source.chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
    rest = lines.pop() ?? '';
    count += lines.length;
    yield lines;
    if (rest.length > MAX_LINE_CHARS) {
      throw new FlowRecordError(
        source.file,
        count + 1,
        MAX_LINE_CHARS,
        `the line has more than ${MAX_LINE_CHARS} characters: is this a CSV file?`,
      );
    }
  }
  rest += decoder.decode();
  if (rest !== '') yield [rest.replace(/\r$/, '')];
}
