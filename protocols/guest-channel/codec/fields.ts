import { ChannelViolation } from './errors.ts';
import { MAX_TEXT } from './limits.ts';

/** Printable ASCII: texts of a guest reach logs and terminals. */
const PRINTABLE = /^[\x20-\x7e]*$/;

/**
 * Reads the fields of a JSON object with their types and bounds. Every read throws
 * {@link ChannelViolation} when the value does not fit; {@link end} when there are fields that nobody
 * read.
 */
export class Fields {
  readonly #where: string;
  readonly #values: Map<string, unknown>;

  /** @param where for errors: `put.rules[3]` */
  constructor(value: unknown, where: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ChannelViolation(where, 'an object');
    }
    this.#where = where;
    this.#values = new Map(Object.entries(value));
  }

  /** @param max largest value; the smallest is `min` */
  integer(name: string, min: number, max: number): number {
    const value = this.#take(name);
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
      throw this.#violation(name, `a whole number from ${min} to ${max}`);
    }
    return value;
  }

  /** A finite number of milliseconds, 0 or more. */
  milliseconds(name: string): number {
    const value = this.#take(name);
    if (typeof value !== 'number' || !(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) {
      throw this.#violation(name, 'a time in ms');
    }
    return value;
  }

  boolean(name: string): boolean {
    const value = this.#take(name);
    if (typeof value !== 'boolean') throw this.#violation(name, 'true or false');
    return value;
  }

  /** A text that matches a pattern. */
  text(name: string, pattern: RegExp, expected: string): string {
    const value = this.#take(name);
    if (typeof value !== 'string' || value.length > MAX_TEXT || !pattern.test(value)) {
      throw this.#violation(name, expected);
    }
    return value;
  }

  /** A text for people. */
  words(name: string): string {
    return this.text(name, PRINTABLE, `at most ${MAX_TEXT} printable ASCII characters`);
  }

  /** One of several texts. */
  oneOf<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.#take(name);
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw this.#violation(name, `one of ${choices.join(', ')}`);
    return found;
  }

  /** The result of `read`, or null if the value is null. */
  nullable<T>(name: string, read: (fields: Fields) => T): T | null {
    if (this.#values.get(name) !== null) return read(this);
    this.#values.delete(name);
    return null;
  }

  object(name: string): Fields {
    return new Fields(this.#take(name), `${this.#where}.${name}`);
  }

  /** @param item reads one item; `where` is its place for errors */
  list<T>(name: string, max: number, item: (value: unknown, where: string) => T): T[] {
    const value = this.#take(name);
    if (!Array.isArray(value) || value.length > max) {
      throw this.#violation(name, `a list of at most ${max}`);
    }
    return value.map((each: unknown, i) => item(each, `${this.#where}.${name}[${i}]`));
  }

  /** Call it last: refuses fields that were not read. */
  end(): void {
    const [extra] = this.#values.keys();
    if (extra !== undefined) {
      throw new ChannelViolation(this.#where, `no field ${JSON.stringify(extra.slice(0, 40))}`);
    }
  }

  #take(name: string): unknown {
    const value = this.#values.get(name);
    this.#values.delete(name);
    return value;
  }

  #violation(name: string, expected: string): ChannelViolation {
    return new ChannelViolation(`${this.#where}.${name}`, expected);
  }
}

/** A whole number as an item of a list. */
export function integerItem(value: unknown, where: string, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw new ChannelViolation(where, `a whole number from ${min} to ${max}`);
  }
  return value;
}
