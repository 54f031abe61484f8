import type { JsonPath } from '../text/json-document.ts';
import { didYouMean } from '../text/nearest.ts';
import { type Comparison, type FactReference, isFactReference } from './condition.ts';
import type { FactDefinition, FactType } from './fact.ts';
import { factNamed } from './facts.ts';
import { type OperatorDefinition, operatorNamed } from './operators.ts';

/** A mistake in a comparison, at a path below it. */
export interface ComparisonProblem {
  readonly at: JsonPath;
  readonly message: string;
}

/**
 * Whether fact, operator and value of a comparison go together. Unknown names are left to the
 * schema.
 *
 * @param negated whether it stands in an odd number of "not"
 */
export function comparisonProblems(c: Comparison, negated: boolean): ComparisonProblem[] {
  const fact = factNamed(c.fact);
  const operator = operatorNamed(c.operator);
  if (fact === undefined) return [];
  const problems = referenceProblems(c, fact, []);
  if (problems.length > 0 || operator === undefined) return problems;
  const type = valueType(fact);
  if (!operator.facts.includes(type)) {
    return [{ at: ['operator'], message: misfit(fact, type, operator) }];
  }
  const operand = operandProblems(c, fact, type, operator);
  if (operand.length > 0 || !negated) return operand;
  return negationProblems(c, operator, fact);
}

function operandProblems(
  c: Comparison,
  fact: FactDefinition,
  type: FactType,
  operator: OperatorDefinition,
): ComparisonProblem[] {
  if (!isFactReference(c.value)) return literalProblems(fact, type, operator, c.value);
  const other = factNamed(c.value.fact);
  if (other === undefined) return [];
  const problems = referenceProblems(c.value, other, ['value']);
  return problems.length > 0 ? problems : otherFactProblems(fact, type, operator, other);
}

/** The type of what is compared: of an object fact its member, a number. */
function valueType(fact: FactDefinition): FactType {
  return fact.type === 'object' ? 'number' : fact.type;
}

/** Path and params: there when the fact has members and parameters, and only then. */
function referenceProblems(
  c: FactReference,
  fact: FactDefinition,
  at: JsonPath,
): ComparisonProblem[] {
  const problems: ComparisonProblem[] = [];
  const paths = Object.keys(fact.members ?? {}).map((m) => `$.${m}`);
  if (fact.members === undefined && c.path !== undefined) {
    const message = `${fact.name} is ${withArticle(fact.type)} and has no members; take "path" away`;
    problems.push({ at: [...at, 'path'], message });
  } else if (fact.members !== undefined && c.path === undefined) {
    const message = `${fact.name} is an object: name a member, "path": one of ${listed(paths)}`;
    problems.push({ at: [...at, 'fact'], message });
  } else if (c.path !== undefined && !paths.includes(c.path)) {
    const hint = didYouMean(c.path, paths);
    const message = `${fact.name} has no member "${c.path}"${hint === '' ? `; there are ${listed(paths)}` : hint}`;
    problems.push({ at: [...at, 'path'], message });
  }
  return [...problems, ...paramProblems(c, fact, at)];
}

function paramProblems(c: FactReference, fact: FactDefinition, at: JsonPath): ComparisonProblem[] {
  const problems: ComparisonProblem[] = [];
  const wanted = fact.params ?? {};
  const names = Object.keys(wanted);
  for (const key of Object.keys(c.params ?? {})) {
    if (names.includes(key)) continue;
    const what = names.length === 0 ? 'takes no parameters' : `has no parameter "${key}"`;
    const hint = didYouMean(key, names);
    problems.push({ at: [...at, 'params', key], message: `${fact.name} ${what}${hint}` });
  }
  for (const name of names) {
    const given = c.params?.[name];
    if (typeof given === 'string') continue;
    const message = `${fact.name} needs the parameter "${name}" (a string: ${wanted[name].description})`;
    const where =
      given === undefined ? [c.params === undefined ? 'fact' : 'params'] : ['params', name];
    problems.push({ at: [...at, ...where], message });
  }
  return problems;
}

function misfit(fact: FactDefinition, type: FactType, operator: OperatorDefinition): string {
  const types = operator.facts.map(plural).join(' and ');
  return `${operator.name} compares ${types}, and ${fact.name} is ${withArticle(type)}`;
}

function otherFactProblems(
  fact: FactDefinition,
  type: FactType,
  operator: OperatorDefinition,
  other: FactDefinition,
): ComparisonProblem[] {
  const wanted = operandType(type, operator);
  const is = valueType(other);
  if (wanted === undefined) {
    const message = `no fact is a list of ${plural(type)}; write the list out`;
    return [{ at: ['value'], message }];
  }
  if (is !== wanted) {
    const message = `${other.name} is ${withArticle(is)}, and ${fact.name} ${operator.name} needs ${withArticle(wanted)}; they never match`;
    return [{ at: ['value', 'fact'], message }];
  }
  if (other.name === fact.name && other.params === undefined) {
    return [{ at: ['value', 'fact'], message: `${fact.name} is compared with itself` }];
  }
  return [];
}

/** Type of a fact on the right of `operator`; undefined when there is none of that kind. */
function operandType(type: FactType, operator: OperatorDefinition): FactType | undefined {
  if (operator.operand === 'list') return type === 'string' ? 'strings' : undefined;
  return operator.operand === 'element' ? 'string' : type;
}

function literalProblems(
  fact: FactDefinition,
  type: FactType,
  operator: OperatorDefinition,
  value: unknown,
): ComparisonProblem[] {
  // An object that names no fact is the schema's to refuse.
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return [];
  if (operator.operand !== 'list') {
    if (operator.operand === 'element') {
      if (typeof value === 'string') return [];
      const message = `${fact.name} is ${withArticle(type)}; ${shown(value)} is never in it`;
      return [{ at: ['value'], message }];
    }
    const problem = elementProblem(fact, type, value, operator.operand === 'same');
    return problem === undefined ? [] : [{ at: ['value'], message: problem }];
  }
  if (!Array.isArray(value)) {
    const message = `${operator.name} needs a list of ${plural(type)}, not ${shown(value)}`;
    return [{ at: ['value'], message }];
  }
  if (value.length === 0) {
    return [{ at: ['value'], message: `the list is empty; ${operator.name} needs at least one` }];
  }
  return value.flatMap((element: unknown, i) => {
    const problem = elementProblem(fact, type, element, false);
    return problem === undefined ? [] : [{ at: ['value', i], message: problem }];
  });
}

function elementProblem(
  fact: FactDefinition,
  type: FactType,
  value: unknown,
  orNull: boolean,
): string | undefined {
  if (orNull && value === null) {
    if (fact.missing !== undefined) return undefined;
    return `${fact.name} always has a value; null never matches`;
  }
  if (typeof value !== type) {
    const unit = fact.unit === undefined ? '' : ` (${fact.unit})`;
    return `${fact.name} is ${withArticle(type)}${unit}; ${shown(value)} never matches`;
  }
  if (typeof value !== 'string') return undefined;
  if (fact.values !== undefined && !fact.values.includes(value)) {
    const hint = didYouMean(value, fact.values);
    return `${fact.name} is never ${shown(value)}${hint === '' ? `; it is one of ${listed(fact.values)}` : hint}`;
  }
  if (fact.form !== undefined && !fact.form.pattern.test(value)) {
    return `${fact.name} is ${fact.form.words}; ${shown(value)} never matches`;
  }
  return undefined;
}

/** "not" around a comparison that is false for want of a value would make it true. */
function negationProblems(
  c: Comparison,
  operator: OperatorDefinition,
  fact: FactDefinition,
): ComparisonProblem[] {
  if (c.value === null) return [];
  const other = isFactReference(c.value) ? factNamed(c.value.fact) : undefined;
  const unsure = fact.missing !== undefined ? fact : other;
  if (unsure?.missing === undefined) return [];
  const message =
    `inside "not" this would hold wherever ${unsure.name} is missing (${unsure.missing}); ` +
    `use "${operator.opposite}" instead of "not"`;
  return [{ at: ['fact'], message }];
}

function plural(type: FactType): string {
  return type === 'strings' ? 'lists' : `${type}s`;
}

function withArticle(type: FactType): string {
  if (type === 'strings') return 'a list of strings';
  return type === 'object' ? 'an object' : `a ${type}`;
}

function listed(words: readonly string[]): string {
  return words.map((w) => `"${w}"`).join(', ');
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
