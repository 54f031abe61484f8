import type { JsonPath } from '../../text/json-document.ts';
import { didYouMean } from '../../text/nearest.ts';
import { type Comparison, isFactReference } from '../model/condition.ts';
import { type DecoratedOperator, DECORATORS, decoratedOperator } from '../operators/decorators.ts';
import type { FactType } from '../model/fact.ts';
import { NUMERIC_FACTS } from '../facts/facts.ts';
import { literalProblems, plural, withArticle } from './literal-check.ts';
import type { Names } from '../document/names.ts';
import { type OperatorDefinition, OPERATORS } from '../operators/operators.ts';
import { type LocalProblem, referenceProblems } from './reference-check.ts';
import { elementOf, type Subject, subjectOf } from '../document/subject.ts';
import { quoted, shown } from '../document/literal.ts';
import { operatorFor } from './other-names.ts';

/** Right operand of a comparison: another fact or a literal. */
type Operand = { readonly subject: Subject } | { readonly literal: unknown };

/**
 * Checks that fact, operator and value of a comparison match.
 *
 * @param negated whether it is inside an odd number of "not"
 */
export function comparisonProblems(c: Comparison, negated: boolean, names: Names): LocalProblem[] {
  const operator = decoratedOperator(c.operator);
  const value = isFactReference(c.value) ? c.value : undefined;
  const problems = [
    ...referenceProblems(c, [], names),
    ...(operator === undefined ? [{ at: ['operator'], message: unknownOperator(c.operator) }] : []),
    ...(value === undefined ? [] : referenceProblems(value, ['value'], names)),
  ];
  const fact = names.factNamed(c.fact);
  if (problems.length > 0 || fact === undefined || operator === undefined) return problems;
  // The schema refuses other objects.
  if (value === undefined && isObject(c.value)) return [];
  const subject = subjectOf(c, fact, names);
  const other = value === undefined ? undefined : names.factNamed(value.fact);
  const operand: Operand =
    value !== undefined && other !== undefined
      ? { subject: subjectOf(value, other, names) }
      : { literal: c.value };
  if (value !== undefined && sameReference(c, value)) {
    return [{ at: ['value', 'fact'], message: `${subject.name} is compared with itself` }];
  }
  const found = sidesProblems(subject, operator, operand, ['value']);
  return found.length > 0 || !negated ? found : negationProblems(subject, operator, operand);
}

function unknownOperator(name: string): string {
  const words = name.split(':');
  const operator = words.pop() ?? '';
  const decorators = DECORATORS.map((d) => d.name);
  const unknown = words.find((decorator) => !decorators.includes(decorator));
  if (unknown !== undefined) {
    return `unknown decorator "${unknown}:"${didYouMean(unknown, decorators)}`;
  }
  const names = OPERATORS.map((o) => o.name);
  if (names.includes(operator)) return `operator "${name}" has too many decorators`;
  const other = operatorFor(operator);
  const hint = other === undefined ? didYouMean(operator, names) : `; did you mean "${other}"?`;
  return `unknown operator "${operator}"${hint === '' ? `; operators are ${quoted(names)}` : hint}`;
}

/** Checks the decorators, outermost first, then the operator. */
function sidesProblems(
  subject: Subject,
  { decorators, operator }: DecoratedOperator,
  operand: Operand,
  at: JsonPath,
): LocalProblem[] {
  const [decorator, ...rest] = decorators;
  const inner = { decorators: rest, operator };
  switch (decorator?.name) {
    case undefined:
      return operatorProblems(subject, operator, operand, at);
    case 'someFact':
    case 'everyFact': {
      if (subject.type === 'strings') return sidesProblems(elementOf(subject), inner, operand, at);
      const is = withArticle(subject.type);
      const message = `"${decorator.name}:" needs a list, and ${subject.name} is ${is}`;
      return [{ at: ['operator'], message }];
    }
    case 'someValue':
    case 'everyValue':
      return eachValueProblems(subject, decorator.name, inner, operand, at);
    case 'swap':
      if ('subject' in operand) return sidesProblems(operand.subject, inner, { subject }, at);
      return [
        {
          at: ['operator'],
          message:
            '"swap:" needs another fact as the value; with a literal, use the mirrored operator instead',
        },
      ];
    default:
      return sidesProblems(subject, inner, operand, at);
  }
}

function eachValueProblems(
  subject: Subject,
  decorator: string,
  operator: DecoratedOperator,
  operand: Operand,
  at: JsonPath,
): LocalProblem[] {
  if ('subject' in operand) {
    const { name, type } = operand.subject;
    if (type === 'strings') {
      return sidesProblems(subject, operator, { subject: elementOf(operand.subject) }, at);
    }
    const message = `"${decorator}:" needs a list, and ${name} is ${withArticle(type)}`;
    return [{ at: [...at, 'fact'], message }];
  }
  const { literal } = operand;
  if (!Array.isArray(literal) || literal.length === 0) {
    return [
      {
        at,
        message: `"${decorator}:" needs a list with at least one value, not ${shown(literal)}`,
      },
    ];
  }
  return literal.flatMap((value: unknown, i) =>
    sidesProblems(subject, operator, { literal: value }, [...at, i]),
  );
}

function operatorProblems(
  subject: Subject,
  operator: OperatorDefinition,
  operand: Operand,
  at: JsonPath,
): LocalProblem[] {
  const { type, name } = subject;
  if (!operator.facts.includes(type)) {
    const types = operator.facts.map(plural).join(' and ');
    const message = `${operator.name} compares ${types}, and ${name} is ${withArticle(type)}`;
    return [{ at: ['operator'], message }];
  }
  if (operator.operand === 'subnet' && !subject.address) {
    const message = `${operator.name} compares IP addresses, and ${name} is not an address; use "ipSrc" or "ipDst", for example`;
    return [{ at: ['operator'], message }];
  }
  if (operator.operand === 'change' && !NUMERIC_FACTS.includes(name)) {
    const message = `${operator.name} takes numeric facts of the catalogue without parameters, not ${name}`;
    return [{ at: ['operator'], message }];
  }
  return 'subject' in operand
    ? otherFactProblems(subject, operator, operand.subject, at)
    : literalProblems(subject, operator, operand.literal, at);
}

function otherFactProblems(
  subject: Subject,
  operator: OperatorDefinition,
  other: Subject,
  at: JsonPath,
): LocalProblem[] {
  const wanted = operandType(subject.type, operator);
  if (wanted === undefined) {
    const message =
      operator.operand === 'list'
        ? `no fact is a list of ${plural(subject.type)}; use a literal list`
        : `${operator.name} cannot compare with another fact; use a literal value`;
    return [{ at, message }];
  }
  if (other.type !== wanted) {
    const message = `${other.name} is ${withArticle(other.type)}, and ${subject.name} ${operator.name} needs ${withArticle(wanted)}; they never match`;
    return [{ at: [...at, 'fact'], message }];
  }
  if (wanted === 'number' && other.unit !== subject.unit) {
    const unit = (s: Subject) => (s.unit === undefined ? 'has no unit' : `is in ${s.unit}`);
    const message = `${other.name} ${unit(other)}, and ${subject.name} ${unit(subject)}; they cannot be compared`;
    return [{ at: [...at, 'fact'], message }];
  }
  return [];
}

/** Type of a fact that can be the right operand; undefined if none can. */
function operandType(type: FactType, operator: OperatorDefinition): FactType | undefined {
  switch (operator.operand) {
    case 'list':
      return type === 'string' ? 'strings' : undefined;
    case 'element':
      return 'string';
    case 'range':
    case 'subnet':
    case 'pattern':
    case 'change':
      return undefined;
    case 'same':
    case 'number':
    default:
      return type;
  }
}

/** What "not" means for a value that is missing is easily misread. */
function negationProblems(
  subject: Subject,
  { decorators, operator }: DecoratedOperator,
  operand: Operand,
): LocalProblem[] {
  if ('literal' in operand && operand.literal === null) return [];
  const other = 'subject' in operand ? operand.subject : undefined;
  const isChange = operator.operand === 'change';
  const missingFact = subject.missing !== undefined || isChange ? subject : other;
  const missing = isChange ? 'it has been read only once' : missingFact?.missing;
  if (missingFact === undefined || missing === undefined) return [];
  const operatorText = [...decorators.map((d) => d.name), operator.name].join(':');
  const replacement =
    decorators.length === 0 && operator.opposite !== undefined
      ? operator.opposite
      : `not:${operatorText}`;
  const message =
    `inside "not" it is not clear what holds if ${missingFact.name} is missing (${missing}); ` +
    `use "${replacement}" instead of "not", which needs a value`;
  return [{ at: ['fact'], message }];
}

function sameReference(a: Comparison, b: { readonly fact: string }): boolean {
  const { fact, params, path } = { params: undefined, path: undefined, ...b };
  return (
    a.fact === fact &&
    a.path === path &&
    JSON.stringify(a.params ?? {}) === JSON.stringify(params ?? {})
  );
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
