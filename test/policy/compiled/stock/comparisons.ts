import type { Seeded } from '../../../support/seeded.ts';
import { numberOf } from './language.ts';
import { quantity } from './quantities.ts';
import {
  ADDRESSES,
  NUMBERS,
  type NumberSubject,
  PORT_NAMES,
  TEXTS,
  type TextSubject,
} from './subjects.ts';

/** A comparison of a document. */
export interface Comparison {
  readonly fact: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly operator: string;
  readonly value: unknown;
  readonly name?: string;
  readonly priority?: number;
}

/** Subnets that a policy can name. */
export const SUBNETS = [
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.1.0.0/17',
  '10.0.0.0/7',
  '10.2.1.0/24',
  '10.0.0.1',
  '192.168.0.0/16',
];
const PATTERNS = ['^vm', '1$', '^(?:eth|web)', 'l.*d', '^[a-z]+-?[0-9]$', 'o'];
/**
 * Facts that are compiled in special ways and therefore chosen more often: computed from others,
 * read once per port, or the same for all flows.
 */
const SPECIAL = [
  'bytesPerPacket',
  'drift',
  'drift',
  'inPortBitsPerSecond',
  'outPortBitsPerSecond',
  'limit',
  'floor',
].flatMap((name) => NUMBERS.filter(({ fact }) => fact === name));

/** @param sure whether to use only facts that are never missing */
export function comparison(random: Seeded, sure: boolean): Comparison {
  const kinds = [numberCompared, numberCompared, numberCompared, textCompared, listCompared];
  if (!sure) kinds.push(addressCompared);
  return random.pick(kinds)(random, sure);
}

function numberCompared(random: Seeded, sure: boolean): Comparison {
  const allowed = (s: NumberSubject): boolean => !(sure && s.optional);
  const subject = random.pick((random.chance(0.35) ? SPECIAL : NUMBERS).filter(allowed));
  const what = referenceTo(subject);
  if (subject.optional && random.chance(0.08)) {
    return { ...what, operator: random.pick(['equal', 'notEqual']), value: null };
  }
  if (random.chance(SPECIAL.includes(subject) ? 0.5 : 0.3)) {
    const other = otherNumber(random, subject, sure);
    if (other !== undefined) {
      const operator =
        (random.chance(0.6) ? '' : random.pick(['swap:', 'not:', 'not:swap:', 'swap:not:'])) +
        random.pick(RELATIONS);
      return { ...what, operator, value: other };
    }
  }
  switch (random.below(8)) {
    case 0:
      return {
        ...what,
        operator: random.pick(['in', 'notIn', 'not:in', 'not:notIn']),
        value: several(random, subject),
      };
    case 1: {
      const ends = [literal(random, subject), literal(random, subject)];
      ends.sort((a, b) => (numberOf(a) ?? 0) - (numberOf(b) ?? 0));
      return {
        ...what,
        operator: random.pick(['between', 'notBetween', 'not:between']),
        value: ends,
      };
    }
    case 2: {
      const operator = random.pick([
        'someValue:',
        'everyValue:',
        'not:someValue:',
        'not:everyValue:',
        'someValue:not:',
      ]);
      return {
        ...what,
        operator: operator + random.pick(RELATIONS),
        value: several(random, subject),
      };
    }
    default:
      return {
        ...what,
        operator:
          (random.chance(0.8) ? '' : random.pick(['not:', 'not:not:'])) + random.pick(RELATIONS),
        value: literal(random, subject),
      };
  }
}

const RELATIONS = [
  'equal',
  'notEqual',
  'notEqual',
  'lessThan',
  'lessThanInclusive',
  'greaterThan',
  'greaterThanInclusive',
];

/** Another fact with the same unit, or one that the policy declares. */
function otherNumber(random: Seeded, subject: NumberSubject, sure: boolean) {
  const others = NUMBERS.filter(
    (s) =>
      s.unit === subject.unit &&
      !(sure && s.optional) &&
      (s.fact !== subject.fact || s.path !== subject.path),
  );
  return others.length === 0 ? undefined : referenceTo(random.pick(others));
}

function referenceTo({ fact, params, path }: NumberSubject) {
  return {
    fact,
    ...(params === undefined ? {} : { params }),
    ...(path === undefined ? {} : { path }),
  };
}

function several(random: Seeded, subject: NumberSubject): readonly unknown[] {
  return Array.from({ length: random.between(1, 4) }, () => literal(random, subject));
}

/** A value that the fact can have, except the ends of its range. */
function literal(random: Seeded, subject: NumberSubject): number | string {
  const { max = Number.POSITIVE_INFINITY, positive } = subject;
  for (;;) {
    const value = quantity(random, subject.unit);
    const number = numberOf(value) ?? 0;
    if (!positive && random.chance(0.4)) return typeof value === 'string' ? `-${value}` : -value;
    if (number < max && (number > 0 || !positive)) return value;
  }
}

function textCompared(random: Seeded, sure: boolean): Comparison {
  const subject = random.pick(TEXTS.filter((s) => !(sure && s.optional)));
  const { fact } = subject;
  if (subject.optional && random.chance(0.08))
    return { fact, operator: random.pick(['equal', 'notEqual']), value: null };
  switch (random.below(6)) {
    case 0:
      return {
        fact,
        operator: random.pick(['in', 'notIn', 'not:in']),
        value: random.some(subject.values).concat(subject.values[0]),
      };
    case 1:
      return {
        fact,
        operator: random.pick(['matches', 'doesNotMatch', 'not:matches']),
        value: random.pick(PATTERNS),
      };
    case 2:
      return {
        fact,
        operator: random.pick(['in', 'notIn', 'not:notIn']),
        value: { fact: 'outPorts' },
      };
    case 3: {
      const other = otherText(random, subject, sure);
      return {
        fact,
        operator: random.pick(['equal', 'notEqual', 'swap:equal', 'not:equal']),
        value: { fact: other },
      };
    }
    case 4: {
      const operator = random.pick([
        'someValue:equal',
        'everyValue:notEqual',
        'someValue:matches',
        'not:someValue:equal',
      ]);
      return { fact, operator, value: random.some(subject.values).concat(subject.values[1]) };
    }
    default:
      return {
        fact,
        operator: random.pick(['equal', 'notEqual', 'not:equal', 'not:notEqual']),
        value: random.pick(subject.values),
      };
  }
}

function otherText(random: Seeded, subject: TextSubject, sure: boolean): string {
  return random.pick(TEXTS.filter((s) => s !== subject && !(sure && s.optional))).fact;
}

function listCompared(random: Seeded, sure: boolean): Comparison {
  const port = random.pick(PORT_NAMES);
  const other = { fact: random.pick(sure ? ['inPort'] : ['inPort', 'outPort', 'vm']) };
  const [operator, value] = random.pick([
    ['contains', port],
    ['doesNotContain', port],
    ['contains', other],
    ['not:contains', port],
    ['someFact:equal', port],
    ['everyFact:notEqual', port],
    ['everyFact:in', PORT_NAMES.slice(0, 2)],
    ['someFact:matches', random.pick(PATTERNS)],
    ['not:someFact:equal', port],
    ['not:everyFact:matches', random.pick(PATTERNS)],
    ['someFact:equal', { fact: 'inPort' }],
    ['everyFact:someValue:equal', PORT_NAMES.slice(1)],
    ['someFact:not:matches', random.pick(PATTERNS)],
  ]);
  return { fact: 'outPorts', operator, value };
}

function addressCompared(random: Seeded): Comparison {
  const value = random.chance(0.5)
    ? random.pick(SUBNETS)
    : random.some(SUBNETS, 0.3).concat('10.0.0.0/16');
  return {
    fact: random.pick(ADDRESSES),
    operator: random.pick(['cidr', 'notCidr', 'not:cidr', 'not:notCidr']),
    value,
  };
}
