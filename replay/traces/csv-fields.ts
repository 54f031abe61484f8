/** Fields of one line of CSV (RFC 4180) and their columns; fields cannot contain line breaks. */
export interface CsvFields {
  readonly texts: readonly string[];
  /** Columns, from 1. */
  readonly columns: readonly number[];
}

/** A quoted field that does not end, or has text after its closing quote. */
export class CsvQuoteError extends Error {
  override readonly name = 'CsvQuoteError';
  readonly column: number;

  constructor(column: number, message: string) {
    super(message);
    this.column = column;
  }
}

/** @throws {CsvQuoteError} */
export function csvFields(line: string): CsvFields {
  const texts: string[] = [];
  const columns: number[] = [];
  for (let at = 0; ; ) {
    columns.push(at + 1);
    const end = line.codePointAt(at) === QUOTE ? quotedEnd(line, at) : plainEnd(line, at);
    texts.push(fieldText(line, at, end));
    if (end >= line.length) return { texts, columns };
    at = end + 1;
  }
}

const QUOTE = 0x22;

function plainEnd(line: string, from: number): number {
  const comma = line.indexOf(',', from);
  return comma === -1 ? line.length : comma;
}

function quotedEnd(line: string, from: number): number {
  for (let at = from + 1; ; at += 2) {
    at = line.indexOf('"', at);
    if (at === -1)
      throw new CsvQuoteError(from + 1, 'the quoted field has no closing quote on this line');
    if (line.codePointAt(at + 1) === QUOTE) continue;
    if (at + 1 < line.length && line[at + 1] !== ',') {
      throw new CsvQuoteError(at + 2, 'expected a comma after the closing quote');
    }
    return at + 1;
  }
}

function fieldText(line: string, from: number, to: number): string {
  if (line.codePointAt(from) !== QUOTE) return line.slice(from, to).trim();
  return line.slice(from + 1, to - 1).replaceAll('""', '"');
}
