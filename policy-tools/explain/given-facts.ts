import type { FactDefinition, FactLookup, FactParams } from '../../policy/model/fact.ts';
import type { FactValue } from '../../policy/model/fact-value.ts';
import { didYouMean } from '../../text/nearest.ts';
import { quantity, QuantityError } from '../../policy/model/quantity.ts';
import { errorMessage } from '../../text/error-message.ts';

/** A given fact is invalid; the message says why and what is valid. */
export class GivenFactError extends Error {
  override readonly name = 'GivenFactError';
}

/** A given fact; `portLoad(eth1).txShare` has arguments and a member. */
export interface GivenFact {
  readonly fact: FactDefinition;
  /** Name with its arguments, `portLoad(eth1)`. */
  readonly label: string;
  readonly member: string | undefined;
  readonly value: FactValue;
}

const GIVEN_FACT = /^(?<name>[^=(.]+?)(?:\((?<args>[^)]*)\))?(?:\.(?<member>\w+))?$/;

/**
 * Parses facts of a command line: `fact=value`, or JSON objects. Values can have units; `null`
 * means that the fact is missing.
 *
 * @param facts names of all facts, for suggestions
 * @throws {GivenFactError}
 */
export function parseGiven(
  args: readonly string[],
  factNamed: FactLookup,
  facts: readonly string[],
): readonly GivenFact[] {
  return args.flatMap(entriesOf).map(([key, value]) => {
    const { name, args, member } = GIVEN_FACT.exec(key)?.groups ?? {};
    const fact = factNamed(name ?? key);
    if (fact === undefined) {
      throw new GivenFactError(`unknown fact "${name ?? key}"${didYouMean(name ?? key, facts)}`);
    }
    checkShape(fact, args, member);
    const label = args === undefined ? fact.name : labelOf(fact.name, args.split(/\s*,\s*/));
    return { fact, label, member, value: valueOf(fact, member, value) };
  });
}

/** A lookup like `factNamed` in which the given values replace the real ones. */
export function withGiven(factNamed: FactLookup, given: readonly GivenFact[]): FactLookup {
  return (name) => {
    const fact = factNamed(name);
    const selected = given.filter((g) => g.fact.name === name);
    if (fact === undefined || selected.length === 0) return fact;
    const read: FactDefinition['read'] = (view, params) => {
      const matching = selected.filter((g) => g.label === labelWith(name, params));
      if (matching.length === 0) return fact.read(view, params);
      const whole = matching.find((g) => g.member === undefined);
      if (whole !== undefined) return whole.value;
      const real = fact.read(view, params);
      return { ...(isMembers(real) ? real : {}), ...membersOf(matching) };
    };
    // A given value needs no query, and it is the value of every packet.
    const query: FactDefinition['query'] = (view, params) => Promise.resolve(read(view, params));
    const { possible: _possible, unknown, ...rest } = fact;
    // Null means that there is no value or, if there always is one, that it is not known.
    const kept = unknown === undefined || fact.missing !== undefined ? {} : { unknown };
    return { ...rest, ...kept, read, ...(fact.query === undefined ? {} : { query }) };
  };
}

function entriesOf(argument: string): [string, unknown][] {
  if (argument.trimStart().startsWith('{')) {
    let value: unknown;
    try {
      value = JSON.parse(argument);
    } catch (error) {
      const why = errorMessage(error);
      throw new GivenFactError(`${argument} is not valid JSON: ${why}`);
    }
    return typeof value === 'object' && value !== null ? Object.entries(value) : [];
  }
  const at = argument.indexOf('=');
  if (at < 1) throw new GivenFactError(`"${argument}" is not FACT=VALUE, such as tcpDst=443`);
  return [[argument.slice(0, at), argument.slice(at + 1)]];
}

function checkShape(
  fact: FactDefinition,
  args: string | undefined,
  member: string | undefined,
): void {
  const params = Object.keys(fact.params ?? {});
  const members = Object.keys(fact.members ?? {});
  const whole =
    params.length === 0 ? fact.name : `${fact.name}(${params.join(', ').toUpperCase()})`;
  const example = members.length === 0 ? whole : `${whole}.${members[0]}`;
  const given = args === undefined ? 0 : args.split(',').length;
  if (given !== params.length || (member === undefined) !== (members.length === 0)) {
    throw new GivenFactError(`"${fact.name}" must be given as ${example}=VALUE`);
  }
  if (member !== undefined && !members.includes(member)) {
    const hint = didYouMean(member, members) || `; it has ${members.join(', ')}`;
    throw new GivenFactError(`"${fact.name}" has no member "${member}"${hint}`);
  }
}

function valueOf(fact: FactDefinition, member: string | undefined, value: unknown): FactValue {
  if (value === null || value === 'null') return undefined;
  const kind = member === undefined ? fact.type : 'number';
  const wrong = (what: string): GivenFactError =>
    new GivenFactError(`"${fact.name}" is ${what}, not ${JSON.stringify(value)}`);
  if (kind === 'number') {
    if (typeof value === 'number') return value;
    if (typeof value !== 'string') throw wrong('a number');
    const unit = member === undefined ? fact.unit : fact.members?.[member]?.unit;
    return numberOf(fact.name, value, unit);
  }
  if (kind === 'boolean') {
    if (value === true || value === 'true') return true;
    if (value === false || value === 'false') return false;
    throw wrong('true or false');
  }
  if (kind === 'strings') {
    if (typeof value === 'string') return value === '' ? [] : value.split(',');
    if (Array.isArray(value)) return value.map(String);
    throw wrong('a list');
  }
  if (typeof value !== 'string') throw wrong('a text');
  if (fact.values !== undefined && !fact.values.includes(value)) {
    throw wrong(`one of ${fact.values.map((v) => `"${v}"`).join(', ')}`);
  }
  return value;
}

function numberOf(fact: string, text: string, unit: string | undefined): number {
  try {
    return quantity(text, unit);
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error;
    throw new GivenFactError(`"${fact}": ${error.message}`);
  }
}

function labelOf(name: string, args: readonly unknown[]): string {
  return args.length === 0 ? name : `${name}(${args.join(', ')})`;
}

function labelWith(name: string, params: FactParams): string {
  return labelOf(name, Object.values(params));
}

function isMembers(value: FactValue): value is Readonly<Record<string, number | undefined>> {
  return typeof value === 'object' && !Array.isArray(value);
}

function membersOf(given: readonly GivenFact[]): Record<string, number | undefined> {
  return Object.fromEntries(
    given.flatMap(({ member, value }) =>
      member !== undefined && (typeof value === 'number' || value === undefined)
        ? [[member, value]]
        : [],
    ),
  );
}
