import type { JsonDocument, JsonPath } from '../../text/json-document.ts';
import type { Problem } from '../../text/problem.ts';
import { quantity, QuantityError } from '../../policy/model/quantity.ts';
import { constantSeries, parseSeries, type Series, SeriesError } from './series.ts';

/** Parses numbers and series of a test document and collects problems with their positions. */
export class ValueReader {
  readonly problems: Problem[] = [];
  readonly #document: JsonDocument;

  constructor(document: JsonDocument) {
    this.#document = document;
  }

  report(path: JsonPath, message: string): void {
    this.problems.push(this.#document.problemAt(path, message));
  }

  /** Parses a number with or without a unit; 0 if there is a problem. */
  number(path: JsonPath, value: string | number, unit: string): number {
    if (typeof value === 'number') return value;
    try {
      return quantity(value, unit);
    } catch (error) {
      if (!(error instanceof QuantityError)) throw error;
      this.report(path, error.message);
      return 0;
    }
  }

  series(path: JsonPath, value: string | number, unit: string): Series {
    if (typeof value === 'number') return constantSeries(value);
    try {
      return parseSeries(value, (text) => quantity(text, unit));
    } catch (error) {
      if (!(error instanceof QuantityError || error instanceof SeriesError)) throw error;
      this.report(path, error.message);
      return constantSeries(0);
    }
  }
}
