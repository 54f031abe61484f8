import assert from 'node:assert/strict';
import { parsePolicies } from '../../policy/parse/parse-policies.ts';
import { PolicyError } from '../../policy/model/policy-error.ts';

/** Problems of a document, and the positions that `^` marks in it. */
function marked(text: string): { found: string[]; places: string[] } {
  const places: string[] = [];
  const lines = text.split('\n').map((line, i) => {
    const parts = line.split('^');
    parts.slice(0, -1).forEach((_, k) => {
      places.push(`${i + 1}:${parts.slice(0, k + 1).join('').length + 1}`);
    });
    return parts.join('');
  });
  return { found: problemsOf(lines.join('\n')), places };
}

export function problemsOf(...texts: readonly string[]): string[] {
  try {
    parsePolicies(texts.map((text, i) => ({ file: i === 0 ? 'p' : `p${i}`, text })));
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.problems.map(
      (p) => `${p.file === 'p' ? '' : `${p.file}:`}${p.line}:${p.column}: ${p.message}`,
    );
  }
}

export function refuses(text: string, ...messages: readonly string[]): void {
  const { found, places } = marked(text);
  assert.deepEqual(
    found,
    messages.map((message, i) => `${places[i]}: ${message}`),
  );
}

/** A document with these sections and rules, which are JSON texts. */
export function policy(sections: string, ...rules: readonly string[]): string {
  return `{ "name": "p", "version": "1",\n${sections}\n"rules": [\n${rules.join(',\n')}\n] }`;
}

export function rule(name: string, conditions: string, more = ''): string {
  return `{ "name": "${name}", "conditions": ${conditions}, "event": { "type": "offload" }${more} }`;
}

export function nodeRule(conditions: string, params: string, type = '"set-fact"'): string {
  return `{ "name": "n", "scope": "node", "conditions": ${conditions}, "event": { "type": ${type}, "params": ${params} } }`;
}

export const BUSY = '{ "all": [{ "fact": "bytes", "operator": "greaterThan", "value": 1 }] }';
export const CPU = '{ "all": [{ "fact": "hostCpu", "operator": "greaterThan", "value": "50%" }] }';
export const FACTS =
  '"facts": { "from": { "type": "number", "unit": "packet/s", "initial": "2kpps" }, "mood": { "type": "string", "initial": "calm" } },';
