import type { JsonPath } from '../../text/json-document.ts';
import { didYouMean } from '../../text/nearest.ts';
import type { FactType } from '../model/fact.ts';
import type { OperatorDefinition } from '../operators/operators.ts';
import { patternProblem } from '../operators/pattern.ts';
import type { LocalProblem } from './reference-check.ts';
import type { Subject } from '../document/subject.ts';
import { parseSubnet } from '../model/subnet.ts';
import { parseQuantity, perSecond, SHARE } from '../model/units.ts';
import { quoted, shown } from '../document/literal.ts';

/** Checks that a literal is valid as the right operand of `operator` for the subject. */
export function literalProblems(
  subject: Subject,
  operator: OperatorDefinition,
  value: unknown,
  at: JsonPath,
): LocalProblem[] {
  const one = (message: string | undefined) => (message === undefined ? [] : [{ at, message }]);
  switch (operator.operand) {
    case 'element':
      return typeof value === 'string'
        ? []
        : one(`${subject.name} is ${withArticle(subject.type)}; ${shown(value)} is never in it`);
    case 'list':
      return listProblems(subject, operator, value, at);
    case 'range':
      return rangeProblems(subject, operator, value, at);
    case 'subnet':
      return subnetProblems(subject, operator, value, at);
    case 'pattern':
      if (typeof value !== 'string') {
        return one(`${operator.name} needs a regular expression, not ${shown(value)}`);
      }
      return one(patternProblem(value));
    case 'change':
      return one(changeProblem(subject, operator, value));
    case 'same':
      return one(subnetHint(subject, operator, value) ?? elementProblem(subject, value, true));
    case 'number':
    default:
      return one(elementProblem(subject, value, false) ?? boundProblem(subject, operator, value));
  }
}

function changeProblem(
  subject: Subject,
  operator: OperatorDefinition,
  value: unknown,
): string | undefined {
  const change = { ...subject, unit: perSecond(subject.unit), range: undefined };
  const problem = elementProblem(change, value, false);
  if (problem !== undefined) return problem;
  return (numberIn(change, value) ?? 0) < 0
    ? `${operator.name} needs a number of 0 or more`
    : undefined;
}

/** A number or quantity in the subject's unit; undefined if the value is neither. */
export function numberIn(
  { unit }: { readonly unit?: string | undefined },
  value: unknown,
): number | undefined {
  if (typeof value === 'number') return value;
  const quantity = typeof value === 'string' ? parseQuantity(value, unit) : undefined;
  return quantity?.ok === true ? quantity.value : undefined;
}

/** A type with its article: `a number`, `a list of strings`. */
export function withArticle(type: FactType): string {
  if (type === 'strings') return 'a list of strings';
  return type === 'object' ? 'an object' : `a ${type}`;
}

/** A type in the plural: `numbers`, `lists`. */
export function plural(type: FactType): string {
  return type === 'strings' ? 'lists' : `${type}s`;
}

/** Why a value cannot be compared with the subject; undefined if it can. */
export function elementProblem(
  subject: Subject,
  value: unknown,
  orNull: boolean,
): string | undefined {
  if (orNull && value === null) {
    if (subject.missing !== undefined) return undefined;
    return `${subject.name} always has a value; null never matches`;
  }
  if (subject.type === 'number') return numberProblem(subject, value);
  if (typeof value !== subject.type) {
    return `${subject.name} is ${withArticle(subject.type)}; ${shown(value)} never matches`;
  }
  if (typeof value !== 'string') return undefined;
  const { values, form } = subject;
  if (values !== undefined && !values.includes(value)) {
    const hint = didYouMean(value, values);
    return `${subject.name} is never ${shown(value)}${hint === '' ? `; it is one of ${quoted(values)}` : hint}`;
  }
  if (form !== undefined && !form.pattern.test(value)) {
    return `${subject.name} is ${form.text}; ${shown(value)} never matches`;
  }
  return undefined;
}

function numberProblem(subject: Subject, value: unknown): string | undefined {
  const { name, unit, range } = subject;
  const of = unit === undefined ? '' : ` (${unit})`;
  if (typeof value === 'string') {
    const quantity = parseQuantity(value, unit);
    if (quantity === undefined) {
      const hint = /^-?\d+(?:\.\d+)?$/.test(value) ? `; write ${value} without quotes` : '';
      return `${name} is a number${of}; ${shown(value)} never matches${hint}`;
    }
    if (!quantity.ok) return `${name} is a number${of}; ${quantity.message}`;
  }
  const number = numberIn(subject, value);
  if (number === undefined) return `${name} is a number${of}; ${shown(value)} never matches`;
  if (range === undefined) return undefined;
  if (number < range.min || number > range.max) {
    const is = `${name} is ${rangeText(range.min, range.max)}; it is never ${shown(value)}`;
    return `${is}${percentHint(subject, number)}`;
  }
  return undefined;
}

/** A suggestion for a number of per cent where a share is meant. */
function percentHint({ unit }: Subject, number: number): string {
  const isPercent = unit === SHARE && number > 1 && number <= 100;
  return isPercent ? `; did you mean "${number}%"?` : '';
}

/** Finds bounds that no value of the fact can exceed. */
function boundProblem(
  subject: Subject,
  operator: OperatorDefinition,
  value: unknown,
): string | undefined {
  const { range, name } = subject;
  const number = numberIn(subject, value);
  if (range === undefined || number === undefined) return undefined;
  const never =
    (operator.name === 'lessThan' && number <= range.min) ||
    (operator.name === 'greaterThan' && number >= range.max);
  if (!never) return undefined;
  return `${name} is ${rangeText(range.min, range.max)}; ${operator.name} ${shown(value)} never holds`;
}

function rangeText(min: number, max: number): string {
  return max === Number.POSITIVE_INFINITY ? `never below ${min}` : `from ${min} to ${max}`;
}

function listProblems(
  subject: Subject,
  operator: OperatorDefinition,
  value: unknown,
  at: JsonPath,
): LocalProblem[] {
  if (!Array.isArray(value)) {
    const message = `${operator.name} needs a list of ${plural(subject.type)}, not ${shown(value)}`;
    return [{ at, message }];
  }
  if (value.length === 0) {
    return [{ at, message: `the list is empty; ${operator.name} needs at least one` }];
  }
  return value.flatMap((element: unknown, i) => {
    const message =
      subnetHint(subject, operator, element) ?? elementProblem(subject, element, false);
    return message === undefined ? [] : [{ at: [...at, i], message }];
  });
}

/** For a subnet where an address is compared. */
function subnetHint(
  { name, address }: Subject,
  operator: OperatorDefinition,
  value: unknown,
): string | undefined {
  if (!address || typeof value !== 'string' || !/^[0-9a-fA-F.:]+\/\d+$/.test(value))
    return undefined;
  const use = operator.name === 'notEqual' || operator.name === 'notIn' ? 'notCidr' : 'cidr';
  return `${name} is one address, and ${shown(value)} is a subnet; use the operator "${use}"`;
}

function rangeProblems(
  subject: Subject,
  operator: OperatorDefinition,
  value: unknown,
  at: JsonPath,
): LocalProblem[] {
  if (!Array.isArray(value) || value.length !== 2) {
    const message = `${operator.name} needs two numbers, [low, high], not ${shown(value)}`;
    return [{ at, message }];
  }
  const ends: readonly unknown[] = value;
  const problems = ends.flatMap((end, i) => {
    const message = elementProblem(subject, end, false);
    return message === undefined ? [] : [{ at: [...at, i], message }];
  });
  if (problems.length > 0) return problems;
  const [low, high] = ends.map((end) => numberIn(subject, end) ?? 0);
  if (low <= high) return [];
  return [
    {
      at,
      message: `the bounds contradict each other: ${shown(ends[0])} is above ${shown(ends[1])}`,
    },
  ];
}

function subnetProblems(
  subject: Subject,
  operator: OperatorDefinition,
  value: unknown,
  at: JsonPath,
): LocalProblem[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) {
    return [{ at, message: `the list is empty; ${operator.name} needs at least one` }];
  }
  return list.flatMap((element, i) => {
    const where = Array.isArray(value) ? [...at, i] : at;
    const message = subnetProblem(subject, element);
    return message === undefined ? [] : [{ at: where, message }];
  });
}

function subnetProblem(subject: Subject, value: unknown): string | undefined {
  const invalid = `${shown(value)} is not a subnet such as "10.0.0.0/8" or "fd00::/8"`;
  if (typeof value !== 'string') return invalid;
  const subnet = parseSubnet(value);
  if (subnet === undefined) {
    return /^[0-9a-fA-F.:]+\/\d+$/.test(value)
      ? `${invalid}; bits after the prefix must be 0`
      : invalid;
  }
  const family = subnet.bytes.length === 4 ? 'ipv4' : 'ipv6';
  const other = family === 'ipv4' ? 'ipv6' : 'ipv4';
  return subject.name.startsWith(other)
    ? `${subject.name} is an IP${other.slice(2)} address; it is never in ${shown(value)}`
    : undefined;
}
