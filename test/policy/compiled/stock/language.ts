import type { Engine } from 'json-rules-engine';

/*
 * Operators, units and missing values as docs/policies.md describes them, for an unmodified
 * json-rules-engine. Imports nothing from the policy language, so that differences show errors.
 */

/** Factors to the fact's unit, by unit. */
const UNITS: Readonly<Record<string, number>> = {
  'bit/s': 1,
  'kbit/s': 1e3,
  'Mbit/s': 1e6,
  'Gbit/s': 1e9,
  'Tbit/s': 1e12,
  'B/s': 8,
  'kB/s': 8e3,
  'MB/s': 8e6,
  'GB/s': 8e9,
  'KiB/s': 8 * 1024,
  'MiB/s': 8 * 1024 * 1024,
  'GiB/s': 8 * 1024 * 1024 * 1024,
  pps: 1,
  'packets/s': 1,
  kpps: 1e3,
  'kpacket/s': 1e3,
  Mpps: 1e6,
  B: 1,
  bytes: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: 1024 * 1024,
  GiB: 1024 * 1024 * 1024,
  packets: 1,
  kpackets: 1e3,
  Mpackets: 1e6,
  ms: 1,
  s: 1e3,
  min: 6e4,
  h: 3.6e6,
  d: 8.64e7,
  flows: 1,
  entries: 1,
};

/** The number of a value; undefined if it is not a number. Digits can be grouped. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  const [, digits, unit] = /^([-+]?[\d_]+(?:\.\d+)?) ?(\D+)$/.exec(String(value)) ?? [];
  if (typeof value !== 'string' || digits === undefined) return undefined;
  const number = Number(digits.replaceAll('_', ''));
  if (unit === '%') return number / 100;
  return UNITS[unit] === undefined ? undefined : number * UNITS[unit];
}

type Holds = (fact: unknown, value: unknown) => boolean;

/** Equality, with quantities compared as numbers. */
const same: Holds = (fact, value) =>
  typeof fact === 'number' ? fact === numberOf(value) : fact === value;

const numbers =
  (holds: (fact: number, value: number) => boolean): Holds =>
  (fact, value) => {
    const number = numberOf(value);
    return typeof fact === 'number' && number !== undefined && holds(fact, number);
  };

const isThere = (value: unknown): boolean => value !== undefined;
const listed: Holds = (fact, value) => Array.isArray(value) && value.some((v) => same(fact, v));

function between(fact: unknown, value: unknown): boolean | undefined {
  const [low, high] = (Array.isArray(value) ? value : []).map(numberOf);
  if (typeof fact !== 'number' || low === undefined || high === undefined) return undefined;
  return low <= fact && fact <= high;
}

/** Bits of an address or prefix as a string of 0 and 1, after a letter for the family. */
function bitsOf(text: string): string {
  const [address, length] = text.split('/');
  const v6 = address.includes(':');
  const [front, back] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const groups = v6
    ? [
        ...front,
        ...Array.from({ length: 8 - front.length - (back?.length ?? 0) }, () => '0'),
        ...(back ?? []),
      ]
    : address.split('.');
  const bits = groups.map((g) =>
    Number.parseInt(g, v6 ? 16 : 10)
      .toString(2)
      .padStart(v6 ? 16 : 8, '0'),
  );
  const all = bits.join('');
  return (v6 ? 'b' : 'a') + all.slice(0, Number(length ?? all.length));
}

function inSubnet(fact: unknown, value: unknown): boolean | undefined {
  if (typeof fact !== 'string' || !isThere(value)) return undefined;
  const subnets: readonly unknown[] = Array.isArray(value) ? value : [value];
  return subnets.some((subnet) => bitsOf(fact).startsWith(bitsOf(String(subnet))));
}

function found(fact: unknown, value: unknown): boolean | undefined {
  if (typeof fact !== 'string' || typeof value !== 'string') return undefined;
  return new RegExp(value).test(fact.slice(0, 64));
}

const OPERATORS: Readonly<Record<string, Holds>> = {
  equal: (fact, value) => (value === null ? !isThere(fact) : isThere(fact) && same(fact, value)),
  notEqual: (fact, value) => isThere(fact) && isThere(value) && !same(fact, value),
  lessThan: numbers((a, b) => a < b),
  lessThanInclusive: numbers((a, b) => a <= b),
  greaterThan: numbers((a, b) => a > b),
  greaterThanInclusive: numbers((a, b) => a >= b),
  in: (fact, value) => isThere(fact) && listed(fact, value),
  notIn: (fact, value) => isThere(fact) && isThere(value) && !listed(fact, value),
  contains: (fact, value) => Array.isArray(fact) && isThere(value) && fact.includes(value),
  doesNotContain: (fact, value) => Array.isArray(fact) && isThere(value) && !fact.includes(value),
  between: (fact, value) => between(fact, value) === true,
  notBetween: (fact, value) => between(fact, value) === false,
  cidr: (fact, value) => inSubnet(fact, value) === true,
  notCidr: (fact, value) => inSubnet(fact, value) === false,
  matches: (fact, value) => found(fact, value) === true,
  doesNotMatch: (fact, value) => found(fact, value) === false,
};

/** Whether an operator without decorators holds for two values. */
export function operatorHolds(name: string, fact: unknown, value: unknown): boolean {
  return OPERATORS[name](fact, value);
}

/** Adds the language's operators to a stock engine, which has all other decorators. */
export function addOperators(engine: Engine): void {
  for (const [name, holds] of Object.entries(OPERATORS)) engine.addOperator(name, holds);
  const not = (fact: unknown, value: unknown, next: Holds): boolean =>
    isThere(fact) && isThere(value) && !next(fact, value);
  engine.addOperatorDecorator('not', not);
}
