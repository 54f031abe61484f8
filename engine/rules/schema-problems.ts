import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import type { JsonDocument, JsonPath } from '../text/json-document.ts';
import { didYouMean } from '../text/nearest.ts';
import { formatProblem, type Problem } from '../text/problem.ts';
import type { RootCondition } from './condition.ts';
import { POLICY_SCHEMA } from './policy-schema.ts';

/** A policy document that is what the schema asks for. */
export interface PolicyDocument {
  readonly name: string;
  readonly description?: string;
  readonly version: string;
  readonly rules: readonly {
    readonly name: string;
    readonly description?: string;
    readonly priority?: number;
    readonly conditions: RootCondition;
    readonly event: {
      readonly type: string;
      readonly params?: { readonly score?: string | number };
    };
  }[];
}

const ajv = new Ajv2020({ allErrors: true, verbose: true, strict: false });
ajv.addKeyword('enumDescriptions');
const validate = ajv.compile<PolicyDocument>(POLICY_SCHEMA);

/** True when `value` is what the schema asks for. */
export function isPolicyDocument(value: unknown): value is PolicyDocument {
  return validate(value);
}

/** Where a document is not what the schema asks for, in words; empty when it is. */
export function schemaProblems(document: JsonDocument): Problem[] {
  if (validate(document.value)) return [];
  // "must match then" only repeats that something inside did not.
  const errors = (validate.errors ?? []).filter((e) => e.keyword !== 'if');
  return withoutRepeats(errors.map((e) => schemaProblem(document, e)));
}

function withoutRepeats(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((p) => [formatProblem(p), p])).values()];
}

function schemaProblem(document: JsonDocument, error: ErrorObject): Problem {
  const path = pathOf(error.instancePath, document.value);
  const last = path.at(-1);
  const name = last === undefined ? 'the document' : nameOf(path);
  const at = (message: string) => document.problemAt(path, message);
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(error.params.additionalProperty);
      return document.problemAtKey(path, key, unknownKey(key, name, error));
    }
    case 'required':
      if (childOf(error.data, 'condition') !== undefined) {
        return document.problemAtKey(path, 'condition', NO_REFERENCES);
      }
      return at(missingKey(String(error.params.missingProperty), last, name));
    case 'enum':
      return at(notOneOf(error, last));
    case 'type':
      return at(`${name} must be ${withArticle(String(error.params.type))}, not ${shown(error)}`);
    case 'minItems':
      return at(
        last === 'any'
          ? 'an empty "any" has nothing that could hold (json-rules-engine would take it as true)'
          : last === 'all'
            ? 'an empty "all" would hold for every flow; say what has to hold'
            : `${name} is empty; it needs at least one`,
      );
    case 'maxItems':
      return at(`${name} has ${lengthOf(error.data)} entries; there can be ${error.params.limit}`);
    case 'pattern':
      return at(
        `${name} can have letters, digits, ".", "_" and "-" and starts with a letter or digit; it is ${shown(error)}`,
      );
    case 'minimum':
      return at(
        last === 'priority'
          ? `a priority is 1 or more, not ${shown(error)} (json-rules-engine would take 0 as 1)`
          : `${name} must be ${error.params.limit} or more, not ${shown(error)}`,
      );
    default:
      return at(`${name} ${error.message}; it is ${shown(error)}`);
  }
}

const NO_REFERENCES = 'conditions by reference are not supported; write the condition out';

function unknownKey(key: string, name: string, error: ErrorObject): string {
  const known = Object.keys(error.parentSchema?.properties ?? {});
  if (key === 'condition') return NO_REFERENCES;
  if (known.includes('all') || known.includes('any') || known.includes('not')) {
    return `a condition has one of "all", "any", "not" and a comparison, not "${key}" as well`;
  }
  const hint = didYouMean(key, known);
  const choice = hint === '' ? `; it can have ${quoted(known)}` : hint;
  return `unknown key "${key}" in ${name}${choice}`;
}

function missingKey(key: string, last: string | number | undefined, name: string): string {
  if (last === 'conditions') return '"conditions" must have one of "all", "any" and "not"';
  return `${name} lacks the key "${key}"`;
}

function notOneOf(error: ErrorObject, last: string | number | undefined): string {
  const allowed: string[] = error.params.allowedValues;
  const kind = KINDS.get(last) ?? `value of "${last}"`;
  const word = typeof error.data === 'string' ? error.data : '';
  if (last === 'operator' && word.includes(':')) {
    return `operator ${shown(error)}: decorators ("not:", "everyFact:" ...) are not supported`;
  }
  const hint = didYouMean(word, allowed);
  const choice = hint !== '' ? hint : allowed.length > 12 ? '' : `; there are ${quoted(allowed)}`;
  return last === 'score' && typeof error.data === 'string'
    ? `a score is a number or the name of a numeric fact, and ${shown(error)} is none${hint}`
    : `unknown ${kind} ${shown(error)}${choice}`;
}

const KINDS: ReadonlyMap<string | number | undefined, string> = new Map([
  ['fact', 'fact'],
  ['operator', 'operator'],
  ['type', 'event type'],
]);

function nameOf(path: JsonPath): string {
  const words: string[] = [];
  for (const step of path) {
    if (typeof step === 'number') words.push(`${words.pop() ?? ''}[${step}]`);
    else words.push(step);
  }
  return `"${words.join('.')}"`;
}

function quoted(words: readonly string[]): string {
  return words.map((w) => `"${w}"`).join(', ');
}

function withArticle(type: string): string {
  if (type === 'array') return 'a list';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function shown(error: ErrorObject): string {
  const text = JSON.stringify(error.data) ?? String(error.data);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** A JSON pointer (RFC 6901) as a path; digits are an index only where the value is a list. */
function pathOf(pointer: string, root: unknown): JsonPath {
  const path: (string | number)[] = [];
  let value = root;
  for (const token of pointer.split('/').slice(1)) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
    const step = Array.isArray(value) ? Number(key) : key;
    path.push(step);
    value = childOf(value, step);
  }
  return path;
}

function lengthOf(value: unknown): number {
  return Array.isArray(value) ? value.length : 0;
}

function childOf(value: unknown, step: string | number): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === String(step))?.[1];
}
