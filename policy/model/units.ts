import { didYouMean } from '../../text/nearest.ts';

/** Factors to the base unit, by unit name. */
type Factors = Readonly<Record<string, number>>;

interface Dimension {
  /** Name of the quantity, for messages. */
  readonly text: string;
  readonly factors: Factors;
}

/** Unit of shares. */
export const SHARE = 'share, 0 to 1';

const K = 1000;
const KI = 1024;

/** By base unit. Names follow IEC 80000-13 and are case-sensitive. */
const DIMENSIONS: ReadonlyMap<string, Dimension> = new Map([
  [
    'bit/s',
    {
      text: 'a bit rate',
      factors: {
        'bit/s': 1,
        'kbit/s': K,
        'Mbit/s': K ** 2,
        'Gbit/s': K ** 3,
        'Tbit/s': K ** 4,
        'B/s': 8,
        'kB/s': 8 * K,
        'MB/s': 8 * K ** 2,
        'GB/s': 8 * K ** 3,
        'KiB/s': 8 * KI,
        'MiB/s': 8 * KI ** 2,
        'GiB/s': 8 * KI ** 3,
      },
    },
  ],
  [
    'packet/s',
    {
      text: 'a packet rate',
      factors: {
        'packet/s': 1,
        'packets/s': 1,
        pps: 1,
        'kpacket/s': K,
        'kpackets/s': K,
        kpps: K,
        'Mpacket/s': K ** 2,
        'Mpackets/s': K ** 2,
        Mpps: K ** 2,
      },
    },
  ],
  [
    'byte',
    {
      text: 'a number of bytes',
      factors: {
        B: 1,
        byte: 1,
        bytes: 1,
        kB: K,
        MB: K ** 2,
        GB: K ** 3,
        TB: K ** 4,
        KiB: KI,
        MiB: KI ** 2,
        GiB: KI ** 3,
        TiB: KI ** 4,
      },
    },
  ],
  [
    'packet',
    {
      text: 'a number of packets',
      factors: {
        packet: 1,
        packets: 1,
        kpacket: K,
        kpackets: K,
        Mpacket: K ** 2,
        Mpackets: K ** 2,
      },
    },
  ],
  [
    'ms',
    {
      text: 'a time',
      factors: { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 },
    },
  ],
  ['bit', { text: 'a number of bits', factors: { bit: 1, bits: 1 } }],
  ['entry', { text: 'a number of entries', factors: { entry: 1, entries: 1 } }],
  ['flow', { text: 'a number of flows', factors: { flow: 1, flows: 1 } }],
  ['flow/s', { text: 'a rate of flows', factors: { 'flow/s': 1, 'flows/s': 1 } }],
  [SHARE, { text: 'a share', factors: { '%': 0.01 } }],
]);

/** Units that facts can have. */
export const UNITS: readonly string[] = [...DIMENSIONS.keys()];

/** Unit of the fact `rateOfChange` for a fact in `unit`. */
export function perSecond(unit: string | undefined): string {
  return `${unit ?? '1'} per second`;
}

/** Names of units for a quantity in `unit`; empty if it has no unit. */
export function unitsFor(unit: string | undefined): readonly string[] {
  const base = unit?.replace(/ per second$/, '');
  const names = Object.keys(DIMENSIONS.get(base ?? '')?.factors ?? {});
  return base === unit ? names : names.map((name) => `${name}/s`);
}

/** A parsed quantity: a number in the base unit, or why it is invalid. */
export type Quantity =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly message: string };

/** A number and a unit, with an optional space. */
const QUANTITY = /^([+-]?\d[\d_]*(?:\.\d+)?)\s?([A-Za-z%][A-Za-z%/]*)$/;

/**
 * Parses a quantity such as `10Mbit/s` in `unit`; undefined if the text is not a number with a
 * unit.
 */
export function parseQuantity(text: string, unit: string | undefined): Quantity | undefined {
  const match = QUANTITY.exec(text);
  if (match === null) return undefined;
  const [, digits, name] = match;
  const factor = factorOf(name, unit);
  if (factor !== undefined) {
    const value = toBaseUnit(digits, factor);
    return Number.isFinite(value)
      ? { ok: true, value }
      : { ok: false, message: 'the number is too large' };
  }
  const names = unitsFor(unit);
  if (names.length === 0) return { ok: false, message: 'it has no unit; write a number' };
  const other = [...DIMENSIONS.values()].find((d) => d.factors[name] !== undefined);
  const what = other === undefined ? `unknown unit "${name}"` : `"${name}" is ${other.text}`;
  const hint = other === undefined ? unitHint(name, names) : '';
  const choice = hint === '' ? `; it takes ${names.map((n) => `"${n}"`).join(', ')}` : hint;
  return { ok: false, message: `${what}${choice}` };
}

/** Bits as they are often written, such as `Mbps` or `kb/s`. */
const BITS = /^([kmgt]?)(?:bps|b\/s|bits?\/s|bits?ps)((?:\/s)?)$/i;
/** Bytes, such as `MBps` or `KB`; only the capital B distinguishes them. */
const BYTES = /^[kmgtKMGT]?i?B(?:ps|PS|\/s|ytes?)?$/;

/** A suggestion for an unknown unit; never bytes where bits are written, or the reverse. */
function unitHint(name: string, names: readonly string[]): string {
  const ofBytes = (unit: string) => unit.includes('B');
  if (BYTES.test(name)) return didYouMean(name, names.filter(ofBytes));
  const [, prefix, perSecond] = BITS.exec(name) ?? [];
  if (prefix === undefined) {
    return didYouMean(
      name,
      names.filter((unit) => !ofBytes(unit)),
    );
  }
  const wanted = `${prefix.toLowerCase() === 'k' ? 'k' : prefix.toUpperCase()}bit/s${perSecond}`;
  return names.includes(wanted) ? `; did you mean "${wanted}"?` : '';
}

function factorOf(name: string, unit: string | undefined): number | undefined {
  const base = unit?.replace(/ per second$/, '');
  if (base === unit) return DIMENSIONS.get(base ?? '')?.factors[name];
  return name.endsWith('/s') ? DIMENSIONS.get(base ?? '')?.factors[name.slice(0, -2)] : undefined;
}

function toBaseUnit(digits: string, factor: number): number {
  const number = Number(digits.replaceAll('_', ''));
  // In floating point, 7 / 100 is 0.07 and 7 * 0.01 is not.
  return factor < 1 ? number / Math.round(1 / factor) : number * factor;
}
