import { attributesIn, encodeAttribute, encodeNested } from './attributes.ts';
import { NetlinkMalformed } from './errors.ts';
import type { ValueType } from './values.ts';

/**
 * A row of an attribute table. A table is a plain object of rows, one for each attribute of a
 * family or of a nest; reading and writing follow the same table.
 */
export interface AttributeRow<Value> {
  readonly number: number;
  /** As in the kernel's headers: `IFLA_MTU`. */
  readonly name: string;
  readonly type: ValueType<Value>;
  readonly isNested: boolean;
  /** The attribute with this value, as bytes. */
  of(value: Value): Buffer;
}

/** Rows by a short name. */
export type AttributeTable = Readonly<Record<string, AttributeRow<unknown>>>;

/** An attribute with one value. */
export function attribute<Value>(
  number: number,
  name: string,
  type: ValueType<Value>,
): AttributeRow<Value> {
  const of = (value: Value): Buffer => encodeAttribute(number, type.encode(value));
  return { number, name, type, isNested: false, of };
}

/** An attribute that contains attributes, which another table describes. */
export function nest(number: number, name: string): AttributeRow<AttributeReader> {
  const of = (inside: AttributeReader): Buffer => encodeNested(number, inside.bytes);
  return { number, name, type: NEST, isNested: true, of };
}

/** An attribute that contains a list: attributes whose numbers are positions. */
export function list(number: number, name: string): AttributeRow<readonly Buffer[]> {
  const of = (items: readonly Buffer[]): Buffer => encodeNested(number, LIST.encode(items));
  return { number, name, type: LIST, isNested: true, of };
}

/** Reads attributes by the rows of their table. Of a repeated attribute, the last counts. */
export class AttributeReader {
  readonly bytes: Buffer;
  readonly #values: ReadonlyMap<number, Buffer>;

  /** @throws {NetlinkMalformed} */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.#values = new Map(attributesIn(bytes).map(({ type, value }) => [type, value]));
  }

  /**
   * The value of the attribute; undefined when it is absent.
   *
   * @throws {NetlinkMalformed} when the value is too short for its type
   */
  get<Value>({ number, name, type }: AttributeRow<Value>): Value | undefined {
    const value = this.#values.get(number);
    if (value === undefined) return undefined;
    if (value.length < type.minBytes) {
      throw new NetlinkMalformed(
        value.byteOffset - this.bytes.byteOffset,
        `${name} of type ${type.name} with at least ${type.minBytes} bytes, not ${value.length}`,
      );
    }
    return type.decode(value);
  }

  /** Numbers of the attributes that `table` does not have: a newer kernel has more. */
  unknown(table: AttributeTable): number[] {
    const known = new Set(Object.values(table).map(({ number }) => number));
    return [...this.#values.keys()].filter((number) => !known.has(number));
  }
}

/** Attributes to read, or to put into a nest. */
export function attributesOf(...attributes: readonly Buffer[]): AttributeReader {
  return new AttributeReader(Buffer.concat(attributes));
}

const NEST: ValueType<AttributeReader> = {
  name: 'nest',
  minBytes: 0,
  decode: (bytes) => new AttributeReader(bytes),
  encode: ({ bytes }) => bytes,
};

const LIST: ValueType<readonly Buffer[]> = {
  name: 'list',
  minBytes: 0,
  decode: (bytes) => attributesIn(bytes).map(({ value }) => value),
  encode: (items) => Buffer.concat(items.map((item, i) => encodeNested(i + 1, item))),
};
