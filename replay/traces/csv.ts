import { isIP } from 'node:net';
import { didYouMean } from '../../text/nearest.ts';
import { type CsvFields, csvFields, CsvQuoteError } from './csv-fields.ts';
import type { FlowRecord } from './flow-record.ts';
import { StartOrder } from './start-order.ts';
import { openTrace, type TraceSource } from '../input/source.ts';
import { FlowRecordError } from '../input/trace-error.ts';

/** Columns in the order they have without a header; the first four have to be there. */
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

/** A line of more characters is refused. */
const LONGEST_LINE = 64 * 1024;
/** Latest start and longest duration, s: what a date of the next centuries needs. */
const MAX_SECONDS = 2 ** 33;
const MAX_BYTES = Number.MAX_SAFE_INTEGER;
const LONGEST_SLICE = 64;
/** IP protocols that may be given by name. */
const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['icmp', 1],
  ['tcp', 6],
  ['udp', 17],
  ['icmp6', 58],
  ['ipv6-icmp', 58],
  ['sctp', 132],
]);

/**
 * The flow records of a CSV file, one after another, by start. Memory does not grow with the file.
 *
 * `start_s,duration_s,bytes,packets[,src,dst,proto,sport,dport,slice]`, with a header (columns then
 * stand in any order, and further ones are passed over) or without. Gzip is unpacked. Records may
 * be out of order by as many as fit a window of some ten thousand ({@link StartOrder}).
 *
 * Rejects with a TraceError: a {@link FlowRecordError} names line and column.
 */
export async function* readFlowRecords(file: string): AsyncGenerator<FlowRecord> {
  for await (const batch of flowRecordBatches(await openTrace(file))) yield* batch;
}

/** As {@link readFlowRecords}, of an open file and in batches: a wait for each would be slow. */
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
      yield order.ready();
    }
  } catch (error) {
    // What stands before a mistake is good.
    yield order.rest();
    throw error;
  }
  yield order.rest();
}

/** Makes flow records of lines. */
export class FlowRecordParser {
  readonly #file: string;
  /** Place of each column in a line, -1: not there; undefined before the first line. */
  #places: Readonly<Record<Column, number>> | undefined;
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
    if (this.#places === undefined) {
      const header = /^[a-z_]/i.test(fields.texts[0]);
      this.#places = header ? this.#header(fields) : WITHOUT_HEADER;
      if (header) return undefined;
    }
    return this.#record(fields, this.#places);
  }

  #record(fields: CsvFields, places: Readonly<Record<Column, number>>): FlowRecord {
    const number = (column: Column, most: number, whole: boolean): number | undefined =>
      this.#number(fields, places[column], column, most, whole);
    const bytes = number('bytes', MAX_BYTES, true) ?? this.#missing(fields, places, 'bytes');
    const packets = number('packets', MAX_BYTES, true) ?? this.#missing(fields, places, 'packets');
    if (packets === 0 && bytes > 0) {
      throw this.#error(fields, places.packets, `${bytes} bytes cannot come in 0 packets`);
    }
    const start = number('start_s', MAX_SECONDS, false);
    const duration = number('duration_s', MAX_SECONDS, false);
    return {
      startMs: 1000 * (start ?? this.#missing(fields, places, 'start_s')),
      durationMs: 1000 * (duration ?? this.#missing(fields, places, 'duration_s')),
      bytes,
      packets,
      src: this.#address(fields, places.src, 'src'),
      dst: this.#address(fields, places.dst, 'dst'),
      proto: this.#protocol(fields, places.proto),
      sport: number('sport', 65_535, true),
      dport: number('dport', 65_535, true),
      slice: this.#slice(fields, places.slice),
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
    const places = { ...WITHOUT_HEADER };
    for (const column of COLUMNS) places[column] = names.indexOf(column);
    for (const column of REQUIRED) {
      if (places[column] !== -1) continue;
      const meant = didYouMean(column, names);
      throw this.#error(fields, 0, `the header has no column "${column}"${meant}`);
    }
    return places;
  }

  #number(
    fields: CsvFields,
    place: number,
    column: Column,
    most: number,
    whole: boolean,
  ): number | undefined {
    const text = textAt(fields, place);
    if (text === '') return undefined;
    const value = Number(text);
    if (value >= 0 && value <= most && (!whole || Number.isInteger(value))) return value;
    const kind = whole ? 'a whole number' : 'a number';
    throw this.#error(fields, place, `${column} is ${kind} from 0 to ${most}, not "${text}"`);
  }

  #address(fields: CsvFields, place: number, column: Column): string | undefined {
    const text = textAt(fields, place);
    if (text === '') return undefined;
    if (isIP(text) !== 0 && !text.includes('%')) return text;
    throw this.#error(fields, place, `${column} is an IPv4 or IPv6 address, not "${text}"`);
  }

  #protocol(fields: CsvFields, place: number): number | undefined {
    const named = PROTOCOLS.get(textAt(fields, place).toLowerCase());
    return named ?? this.#number(fields, place, 'proto', 255, true);
  }

  #slice(fields: CsvFields, place: number): string | undefined {
    const text = textAt(fields, place);
    if (text.length <= LONGEST_SLICE) return text === '' ? undefined : text;
    throw this.#error(fields, place, `a slice's name has at most ${LONGEST_SLICE} characters`);
  }

  #missing(fields: CsvFields, places: Readonly<Record<Column, number>>, column: Column): never {
    throw this.#error(fields, places[column], `${column} is missing`);
  }

  #error(fields: CsvFields, place: number, message: string): FlowRecordError {
    const column = fields.columns[place] ?? fields.columns.at(-1) ?? 1;
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

function textAt(fields: CsvFields, place: number): string {
  return fields.texts[place] ?? '';
}

/** Fields of a line without quotes; where they begin is found out only when somebody asks. */
function plainFields(line: string): CsvFields {
  const texts = line.split(',').map((text) => text.trim());
  return {
    texts,
    get columns() {
      return csvFields(line).columns;
    },
  };
}

/** The lines of a file, in batches as they come. */
async function* lineBatches(source: TraceSource): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  let count = 0;
  for await (const chunk of source.chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
    rest = lines.pop() ?? '';
    count += lines.length;
    yield lines;
    if (rest.length > LONGEST_LINE) {
      throw new FlowRecordError(
        source.file,
        count + 1,
        LONGEST_LINE,
        `the line has more than ${LONGEST_LINE} characters: is this a CSV file?`,
      );
    }
  }
  rest += decoder.decode();
  if (rest !== '') yield [rest.replace(/\r$/, '')];
}
