/** Bytes of `struct nlattr`. */
const HEADER_BYTES = 4;
const TYPE_MASK = 0x3fff;
const NO_BYTES = Buffer.alloc(0);

/**
 * Finds the attributes of a nest by number, without an object for each. Reused: `read` replaces what
 * it found before.
 */
export class AttributeIndex {
  readonly #from: Int32Array;
  readonly #to: Int32Array;
  readonly #order: number[] = [];
  #isBeyond = false;
  bytes: Buffer = NO_BYTES;

  /** @param maxType largest number that `from` and `to` are asked for */
  constructor(maxType: number) {
    this.#from = new Int32Array(maxType + 1);
    this.#to = new Int32Array(maxType + 1);
  }

  /** Reads the attributes in `[from, to)` of `bytes`; false when they are malformed. */
  read(bytes: Buffer, from: number, to: number): boolean {
    this.clear();
    this.bytes = bytes;
    for (let at = from; at < to; ) {
      if (to - at < HEADER_BYTES) return false;
      const length = bytes.readUInt16LE(at);
      if (length < HEADER_BYTES || length > to - at) return false;
      const type = bytes.readUInt16LE(at + 2) & TYPE_MASK;
      this.#order.push(type);
      if (type < this.#from.length) {
        this.#from[type] = at + HEADER_BYTES;
        this.#to[type] = at + length;
      } else {
        this.#isBeyond = true;
      }
      at += (length + 3) & ~3;
    }
    return true;
  }

  /** True when an attribute has a number above the maximum. */
  get hasUnknown(): boolean {
    return this.#isBeyond;
  }

  clear(): void {
    for (const type of this.#order) {
      if (type >= this.#from.length) continue;
      this.#from[type] = 0;
      this.#to[type] = 0;
    }
    this.#order.length = 0;
    this.#isBeyond = false;
    this.bytes = NO_BYTES;
  }

  /** Numbers of the attributes, in their order. */
  get types(): readonly number[] {
    return this.#order;
  }

  has(type: number): boolean {
    return this.#from[type] > 0;
  }

  /** Where the value begins and ends; 0 when the attribute is absent. */
  from(type: number): number {
    return this.#from[type];
  }

  to(type: number): number {
    return this.#to[type];
  }

  /** The value; undefined when the attribute is absent. Shares memory. */
  value(type: number): Buffer | undefined {
    return this.has(type) ? this.bytes.subarray(this.#from[type], this.#to[type]) : undefined;
  }
}
