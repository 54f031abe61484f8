import type { ErrorObject } from 'ajv/dist/2020.js';
import { nearest } from './nearest.ts';
import type { JsonDocument, JsonPath } from './json-document.ts';
import { formatProblem, type Problem } from './problem.ts';

/** An error that ajv found, and its position. */
export interface SchemaError {
  readonly error: ErrorObject;
  readonly path: JsonPath;
  /** The position for a message: `"rules[0].event"`, or `the document`. */
  readonly name: string;
  /** The value for a message: JSON, cut if it is long. */
  readonly shown: string;
}

/** A message for one kind of document; undefined: use the general one. */
export type SchemaWords = (error: SchemaError) => string | undefined;

/** Keywords whose errors only repeat another one: "must match then", "property name must be valid". */
const REPEATING: ReadonlySet<string> = new Set(['if', 'propertyNames']);

/**
 * Converts ajv's errors (with `verbose`) to problems with positions and hints, without duplicates.
 *
 * @param words messages for this kind of document, where the general ones are not helpful
 */
export function schemaProblems(
  document: JsonDocument,
  errors: readonly ErrorObject[],
  words: SchemaWords = () => undefined,
): Problem[] {
  const problems = errors
    .filter((error) => !REPEATING.has(error.keyword))
    .map((error) => {
      const path = pathOf(error.instancePath, document.value);
      const found = { error, path, name: nameOf(path), shown: shown(error.data) };
      const message = words(found) ?? generalMessage(found);
      const key = keyOf(error);
      return key === undefined
        ? document.problemAt(path, message)
        : document.problemAtKey(path, key, message);
    });
  return [...new Map(problems.map((p) => [formatProblem(p), p])).values()];
}

/** The key that an error concerns; undefined: it concerns the value. */
function keyOf({ propertyName, keyword, params }: ErrorObject): string | undefined {
  if (propertyName !== undefined) return propertyName;
  return keyword === 'additionalProperties' ? String(params.additionalProperty) : undefined;
}

function generalMessage({ error, name, shown }: SchemaError): string {
  const { params } = error;
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(String(params.additionalProperty), name, error);
    case 'required':
      return `${name} lacks the key "${params.missingProperty}"`;
    case 'enum':
      return `${name} cannot be ${shown}; ${choice(error.data, params.allowedValues, 'it can be')}`;
    case 'type':
      return `${name} must be ${withArticle(String(params.type))}, not ${shown}`;
    case 'minProperties':
      return `${name} is empty; it needs at least one key`;
    case 'minItems':
      return `${name} is empty; it needs at least one`;
    case 'maxItems':
      return `${name} has ${lengthOf(error.data)} entries; there can be ${params.limit}`;
    case 'exclusiveMinimum':
      return `${name} must be more than ${params.limit}, not ${shown}`;
    case 'minimum':
      return `${name} must be ${params.limit} or more, not ${shown}`;
    case 'maximum':
      return `${name} must be ${params.limit} or less, not ${shown}`;
    default:
      return `${name} ${error.message}; it is ${shown}`;
  }
}

function unknownKey(key: string, name: string, error: ErrorObject): string {
  const known = Object.keys(error.parentSchema?.properties ?? {});
  const where = error.instancePath === '' ? '' : ` in ${name}`;
  return `unknown key "${key}"${where}; ${choice(key, known, 'it can have')}`;
}

/** A hint with the similar name, otherwise with all names. */
export function choice(word: unknown, known: readonly string[], otherwise: string): string {
  const meant = typeof word === 'string' ? nearest(word, known) : undefined;
  if (meant !== undefined) return `did you mean "${meant}"?`;
  return `${otherwise} ${known.map((k) => `"${k}"`).join(', ')}`;
}

/** A JSON pointer (RFC 6901) as a path; digits are an index only if the value is a list. */
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

function childOf(value: unknown, step: string | number): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === String(step))?.[1];
}

function nameOf(path: JsonPath): string {
  if (path.length === 0) return 'the document';
  const words: string[] = [];
  for (const step of path) {
    if (typeof step === 'number') words.push(`${words.pop() ?? ''}[${step}]`);
    else words.push(step);
  }
  return `"${words.join('.')}"`;
}

/** `a list`, `a number or a string`. */
function withArticle(types: string): string {
  const several = types.split(',');
  if (several.length > 1) return several.map(withArticle).join(' or ');
  const [type] = several;
  if (type === 'array') return 'a list';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function lengthOf(value: unknown): number {
  return Array.isArray(value) ? value.length : 0;
}
