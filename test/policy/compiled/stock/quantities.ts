import type { Seeded } from '../../../support/seeded.ts';
import { numberOf } from './language.ts';
import type { Unit } from './subjects.ts';

/* Numbers for flows and rules, from a small set so that values often equal bounds. */

/** Names of units by the unit of the fact, most common first. */
const WRITTEN: Readonly<Record<Unit, readonly string[]>> = {
  'bit/s': [
    'Mbit/s',
    'kbit/s',
    'Gbit/s',
    'bit/s',
    'MB/s',
    'KiB/s',
    'MiB/s',
    'B/s',
    'GiB/s',
    'Tbit/s',
  ],
  'packet/s': ['kpps', 'pps', 'Mpps', 'packets/s', 'kpacket/s'],
  byte: ['MB', 'kB', 'B', 'KiB', 'MiB', 'GiB', 'TB', 'bytes'],
  packet: ['kpackets', 'packets', 'Mpackets'],
  ms: ['s', 'ms', 'min', 'h', 'd'],
  entry: ['entries'],
  flow: ['flows'],
  share: ['%'],
  none: [],
};
const MANTISSAS = ['1', '2.5', '10', '50', '100', '0.1', '7', '0.07', '33', '1_000', '0'];
/** Numbers without a unit: limits of a double, and adjacent numbers. */
const EDGES = [
  0,
  1,
  0.5,
  0.1 + 0.2,
  0.3,
  999.999_999,
  1e-9,
  2 ** 31,
  2 ** 53 - 1,
  2 ** 53,
  1e21,
  Number.MIN_VALUE,
  Number.MAX_VALUE,
];
/** Ports, protocols, VLAN ids and counts. */
export const SMALL = [0, 1, 2, 6, 17, 53, 80, 100, 255, 443, 4095, 8080, 65_535];

/** A number, or a number with a unit. */
export function quantity(random: Seeded, unit: Unit): number | string {
  const units = WRITTEN[unit];
  if (units.length === 0) return random.pick(SMALL);
  if (random.chance(unit === 'share' ? 0.2 : 0.25)) {
    return unit === 'share' ? random.pick([0, 0.07, 0.1, 0.5, 1]) : random.pick(EDGES);
  }
  const name = random.chance(0.5) ? units[0] : random.pick(units);
  const mantissas = unit === 'share' ? MANTISSAS.slice(1, -2) : MANTISSAS;
  return random.pick(mantissas) + random.pick(['', ' ']) + name;
}

/** The number that {@link quantity} represents. */
export function amount(random: Seeded, unit: Unit): number {
  return numberOf(quantity(random, unit)) ?? 0;
}

/** Like {@link amount}, with either sign. */
export function signedAmount(random: Seeded, unit: Unit): number {
  return random.chance(0.5) ? -amount(random, unit) : amount(random, unit);
}
