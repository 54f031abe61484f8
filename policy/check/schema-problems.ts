import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import type { JsonDocument, JsonPath } from '../../text/json-document.ts';
import { didYouMean } from '../../text/nearest.ts';
import { formatProblem, type Problem } from '../../text/problem.ts';
import type { PolicyDocument } from '../document/policy-document.ts';
import { POLICY_SCHEMA } from '../document/policy-schema.ts';

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
  // "must match then" and "property name must be valid" only repeat what another error says.
  const errors = (validate.errors ?? []).filter(
    (e) => e.keyword !== 'if' && e.keyword !== 'propertyNames',
  );
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
  const key = error.propertyName;
  if (key !== undefined) return document.problemAtKey(path, key, badKey(key));
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(error.params.additionalProperty);
      return document.problemAtKey(path, key, unknownKey(key, name, error));
    }
    case 'required':
      return at(missingKey(String(error.params.missingProperty), name));
    case 'enum':
      return at(notOneOf(error, last));
    case 'type':
      return at(`${name} must be ${withArticle(String(error.params.type))}, not ${shown(error)}`);
    case 'minProperties':
      return at(`${name} is empty; it has to say something`);
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
    case 'exclusiveMinimum':
      return at(`${name} must be more than ${error.params.limit}, not ${shown(error)}`);
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

function badKey(key: string): string {
  return `a name can have letters, digits, ".", "_" and "-" and starts with a letter; it is "${key}"`;
}

function unknownKey(key: string, name: string, error: ErrorObject): string {
  const known = Object.keys(error.parentSchema?.properties ?? {});
  if (GROUPS.some((group) => known.includes(group)) && !known.includes('fact')) {
    return `a condition has one of "all", "any", "not", "condition" and a comparison, not "${key}" as well`;
  }
  const hint = didYouMean(key, known);
  const choice = hint === '' ? `; it can have ${quoted(known)}` : hint;
  return `unknown key "${key}" in ${name}${choice}`;
}

const GROUPS = ['all', 'any', 'not', 'condition'];

function missingKey(key: string, name: string): string {
  if (key !== 'all') return `${name} lacks the key "${key}"`;
  const short = name.replace(/^"rules\[\d+\]\.conditions"$/, '"conditions"');
  return `${short} must have one of "all", "any", "not" and "condition"`;
}

function notOneOf(error: ErrorObject, last: string | number | undefined): string {
  const allowed: string[] = error.params.allowedValues;
  const kind = last === 'type' ? 'type' : `value of "${last}"`;
  const word = typeof error.data === 'string' ? error.data : '';
  const hint = didYouMean(word, allowed);
  const choice = hint === '' ? `; there are ${quoted(allowed)}` : hint;
  return `unknown ${kind === 'type' && allowed.includes('offload') ? 'event type' : kind} ${shown(error)}${choice}`;
}

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

/** `a list`, `a number or a string`. */
function withArticle(types: string): string {
  const several = types.split(',');
  if (several.length > 1) return several.map(withArticle).join(' or ');
  const [type] = several;
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
