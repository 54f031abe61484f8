import { didYouMean } from '../../engine/text/nearest.ts';

/** A text that is no quantity of the kind that is wanted. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError';
}

/** What a quantity measures; the first unit of each is what a bare number is in. */
const UNITS = {
  rate: { 'bit/s': 1, 'kbit/s': 1e3, 'Mbit/s': 1e6, 'Gbit/s': 1e9, 'Tbit/s': 1e12 },
  packets: { 'packet/s': 1, 'packets/s': 1, 'kpacket/s': 1e3, 'Mpacket/s': 1e6 },
  time: { ms: 1, s: 1e3, min: 60e3, h: 3600e3, d: 86_400e3 },
  size: { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 },
  share: { '': 1, '%': 0.01 },
} as const;

/** What a quantity measures. */
export type QuantityKind = keyof typeof UNITS;

/**
 * A number with a unit in base units (bit/s, packet/s, ms, byte, a share from 0 to 1); a number
 * without one is in base units.
 *
 * @throws {QuantityError}
 */
export function quantity(text: string, kind: QuantityKind): number {
  const [, digits, unit] = /^(-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(.*)$/.exec(text.trim()) ?? [];
  const number = Number(digits);
  const units: Readonly<Record<string, number>> = UNITS[kind];
  const names = Object.keys(units).filter((name) => name !== '');
  if (digits === undefined || Number.isNaN(number)) {
    throw new QuantityError(`"${text}" is no number with a unit (${names.join(', ')})`);
  }
  if (unit === '') return number;
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (factor !== undefined) return number * factor;
  const hint = didYouMean(unit, names) || `; there are ${names.join(', ')}`;
  throw new QuantityError(`"${text}": unknown unit "${unit}"${hint}`);
}
