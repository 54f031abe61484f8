import { formatIpv4, formatIpv6, formatMac } from './address.ts';
import { maskByte, parseSubnet, type Subnet } from './subnet.ts';

/** How the bits of a header field are written as the value of a fact. */
export interface HeaderForm {
  readonly bits: number;
  /** Value of a packet with these bytes, in network byte order. */
  readonly format: (bytes: Uint8Array) => number | string;
  /** Bytes of a value; undefined if no packet has this value. */
  readonly parse: (value: unknown) => Uint8Array | undefined;
  /** Set for IP addresses. */
  readonly address?: true;
  /** Set for numbers, of at most 16 bits. */
  readonly number?: true;
}

/**
 * The values of a header field that agree with the bits that a flow matches. Bits outside the mask
 * can have any value.
 */
export class Region {
  readonly form: HeaderForm;
  readonly value: Uint8Array;
  readonly mask: Uint8Array;

  /** `value` has no bit set outside `mask`. */
  constructor(form: HeaderForm, value: Uint8Array, mask: Uint8Array) {
    this.form = form;
    this.value = value;
    this.mask = mask;
  }

  /** Number of bits that can have any value; 0 for a single value. */
  get freeBits(): number {
    return this.form.bits - bitsSet(this.mask);
  }

  /** The smallest value. */
  get lowest(): number | string {
    return this.form.format(this.value);
  }

  /** The largest value. */
  get highest(): number | string {
    const spare = this.mask.length * 8 - this.form.bits;
    return this.form.format(
      this.value.map((byte, i) => byte | (~this.mask[i] & (i === 0 ? 0xff >> spare : 0xff))),
    );
  }

  /** True if a packet can have this value. */
  includes(value: unknown): boolean {
    const bytes = this.form.parse(value);
    return bytes !== undefined && agree(bytes, this.value, this.mask);
  }

  /** True if a value is in both regions; numbers of different widths can be equal. */
  overlaps(other: Region): boolean {
    if (this.form.number === true && other.form.number === true) {
      const differ = unsigned(this.value) ^ unsigned(other.value);
      return (differ & this.#fixedBits & other.#fixedBits) === 0;
    }
    if (this.form !== other.form) return false;
    const common = this.mask.map((byte, i) => byte & other.mask[i]);
    return agree(this.value, other.value, common);
  }

  /** Whether all, some or none of the values are in a subnet. */
  inSubnet(subnet: Subnet): 'all' | 'some' | 'none' {
    if (this.form.address === undefined || subnet.bytes.length !== this.value.length) return 'none';
    const prefix = subnet.bytes.map((_, i) => maskByte(subnet.length, i));
    const both = prefix.map((byte, i) => byte & this.mask[i]);
    if (!agree(subnet.bytes, this.value, both)) return 'none';
    return prefix.every((byte, i) => (byte & this.mask[i]) === byte) ? 'all' : 'some';
  }

  /** The values with either value of the first free bit among the first `bits`; empty if none is. */
  halves(bits: number): readonly Region[] {
    for (let i = 0; i < bits; i++) {
      const bit = 0x80 >> (i & 7);
      if ((this.mask[i >> 3] & bit) !== 0) continue;
      const mask = this.mask.slice();
      mask[i >> 3] |= bit;
      const one = this.value.slice();
      one[i >> 3] |= bit;
      return [new Region(this.form, this.value, mask), new Region(this.form, one, mask)];
    }
    return [];
  }

  /** Bits of a number that have one value, including those above its width, which are 0. */
  get #fixedBits(): number {
    return unsigned(this.mask) | ~(2 ** this.form.bits - 1);
  }

  /** The smallest of the values that is not below `low`; undefined if all are below. */
  from(low: number): number | undefined {
    const value = unsigned(this.value);
    const mask = unsigned(this.mask);
    const min = Math.max(0, Math.ceil(low));
    if (!(min < 2 ** this.form.bits)) return undefined;
    // Bit by bit: where `min` and the region differ first, the higher one must be the region's.
    let best: number | undefined = (min & mask) === value ? min : undefined;
    for (let bit = 0; best === undefined && bit < this.form.bits; bit++) {
      const one = 2 ** bit;
      const free = (mask & one) === 0;
      if ((min & one) !== 0 || !(free || (value & one) !== 0)) continue;
      // Above this bit as in `min`, here one more, below as small as the region permits.
      const above = min - (min % (one * 2));
      const candidate = above + one + (value % one);
      if ((candidate & mask) === value) best = candidate;
    }
    return best;
  }
}

/** A region that contains every value of a form. */
export function anyOf(form: HeaderForm): Region {
  const bytes = (form.bits + 7) >> 3;
  return new Region(form, new Uint8Array(bytes), new Uint8Array(bytes));
}

/** Form of a number with this many bits, at most 16. */
function numberForm(bits: number): HeaderForm {
  return {
    bits,
    number: true,
    format: unsigned,
    parse: (value) =>
      typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** bits
        ? Uint8Array.from(bits > 8 ? [value >> 8, value & 0xff] : [value])
        : undefined,
  };
}

export const NUMBER_8 = numberForm(8);
export const NUMBER_12 = numberForm(12);
export const NUMBER_16 = numberForm(16);

export const MAC: HeaderForm = {
  bits: 48,
  format: formatMac,
  parse: (value) =>
    typeof value === 'string' && /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(value)
      ? Uint8Array.from(value.split(':'), (byte) => Number.parseInt(byte, 16))
      : undefined,
};

export const IPV4: HeaderForm = addressForm(32, formatIpv4);
export const IPV6: HeaderForm = addressForm(128, formatIpv6);

/** Only the canonical text of an address equals it. */
function addressForm(bits: number, format: (bytes: Uint8Array) => string): HeaderForm {
  return {
    bits,
    format,
    address: true,
    parse: (value) => {
      const subnet = typeof value === 'string' ? parseSubnet(value) : undefined;
      const is = subnet !== undefined && subnet.bytes.length * 8 === bits;
      return is && format(subnet.bytes) === value ? subnet.bytes : undefined;
    },
  };
}

function agree(a: Uint8Array, b: Uint8Array, mask: Uint8Array): boolean {
  return a.every((byte, i) => ((byte ^ b[i]) & mask[i]) === 0);
}

/** Bytes in network byte order as a number. */
export function unsigned(bytes: Uint8Array): number {
  let n = 0;
  for (const byte of bytes) n = n * 256 + byte;
  return n;
}

/** Number of bits that are set. */
export function bitsSet(bytes: Uint8Array): number {
  let n = 0;
  for (let byte of bytes) for (; byte !== 0; byte &= byte - 1) n++;
  return n;
}
