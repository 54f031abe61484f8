import type { ErrorObject } from 'ajv/dist/2020.js';
import { nearest } from './nearest.ts';
import type { JsonDocument, JsonPath } from './json-document.ts';
import type { Problem } from './problem.ts';

/** Turns what ajv found (with `verbose`) into problems that say where and what was meant. */
export function schemaProblems(document: JsonDocument, errors: readonly ErrorObject[]): Problem[] {
  return errors.map((error) => schemaProblem(document, error));
}

function schemaProblem(document: JsonDocument, error: ErrorObject): Problem {
  const path = pathOf(error.instancePath, document.value);
  const name = path.length === 0 ? 'the document' : `"${path.join('.')}"`;
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(error.params.additionalProperty);
      const retired = RETIRED.get([...path, key].join('.'));
      if (retired !== undefined) return document.problemAtKey(path, key, retired);
      const known = Object.keys(error.parentSchema?.properties ?? {});
      const where = path.length === 0 ? '' : ` in ${name}`;
      return document.problemAtKey(path, key, `unknown key "${key}"${where}; ${hint(key, known)}`);
    }
    case 'required':
      return document.problemAt(path, `${name} lacks the key "${error.params.missingProperty}"`);
    case 'enum': {
      const allowed: string[] = error.params.allowedValues;
      const meant = typeof error.data === 'string' ? hint(error.data, allowed) : oneOf(allowed);
      return document.problemAt(path, `${name} cannot be ${shown(error.data)}; ${meant}`);
    }
    case 'type':
      return document.problemAt(
        path,
        `${name} must be ${withArticle(String(error.params.type))}, not ${shown(error.data)}`,
      );
    case 'pattern':
      return document.problemAt(path, `${name} must be an absolute path, not ${shown(error.data)}`);
    default:
      return document.problemAt(path, `${name} ${error.message} (it is ${shown(error.data)})`);
  }
}

/** Keys that there were once, and why they are gone. */
const RETIRED: ReadonlyMap<string, string> = new Map([
  [
    'rules',
    '"rules" set a time for evaluating policies ("budgetMs"), which needs none any more: ' +
      'rules are compiled and look at every flow in every tick; take it away',
  ],
  ['planner.hysteresis', 'the planner computes "hysteresis" from the gain of each swap; remove it'],
]);

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

function childOf(value: unknown, step: string | number): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === String(step))?.[1];
}

function hint(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  return meant === undefined ? oneOf(known) : `did you mean "${meant}"?`;
}

function oneOf(known: readonly string[]): string {
  return `it can be ${known.map((k) => `"${k}"`).join(', ')}`;
}

function withArticle(type: string): string {
  if (type === 'array') return 'a list';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
