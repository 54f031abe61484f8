import { PLACEMENT_NAMES } from '../engine/model/flow.ts';
import { nearest } from '../text/nearest.ts';
import { FLOW_SORTS, type FlowQuery } from './flow-views.ts';

/** An invalid query; the message names the parameter and its valid values. */
export class FlowQueryError extends Error {
  override readonly name = 'FlowQueryError';
}

/** Maximum flows in a response on the control socket. */
export const MAX_FLOWS = 10_000;
/** Maximum offset. */
const MAX_OFFSET = 10_000_000;
const MAX_WORDS = 16;
const MAX_WORD_CHARACTERS = 100;

const PARAMETERS = ['sort', 'limit', 'offset', 'placement', 'slice', 'port', 'connections', 'word'];

/**
 * Parses the parameters of a URL: `sort`, `limit`, `offset`, `placement`, `slice`, `port`, `connections`, and
 * `word` (repeated, or with several words separated by spaces).
 *
 * @param maxLimit maximum value of `limit`
 * @throws FlowQueryError
 */
export function parseFlowQuery(parameters: URLSearchParams, maxLimit = MAX_FLOWS): FlowQuery {
  checkNames(parameters, PARAMETERS);
  const offset = numberOf('offset', parameters.get('offset') ?? '0', 0, MAX_OFFSET);
  const slice = parameters.get('slice');
  const port = parameters.get('port');
  const connections = parameters.get('connections');
  const placement = parameters.get('placement');
  return {
    sort: oneOf('sort', parameters.get('sort') ?? 'rate', FLOW_SORTS),
    limit: numberOf('limit', parameters.get('limit') ?? '20', 1, maxLimit),
    ...(offset === 0 ? {} : { offset }),
    ...(placement === null ? {} : { placement: oneOf('placement', placement, PLACEMENT_NAMES) }),
    ...(slice === null ? {} : { slice }),
    ...(port === null ? {} : { port }),
    ...(connections !== null && isTrue('connections', connections) ? { connections: true } : {}),
    words: wordsOf(parameters.getAll('word')),
  };
}

/**
 * Refuses unknown parameters: ignoring a misspelt one would answer a different query.
 *
 * @throws FlowQueryError
 */
export function checkNames(parameters: URLSearchParams, known: readonly string[]): void {
  for (const name of parameters.keys()) oneOf('a parameter', name, known);
}

/**
 * Parses a whole number.
 *
 * @throws FlowQueryError
 */
export function numberOf(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new FlowQueryError(`${name} must be a number from ${min} to ${max}, not "${text}"`);
}

function isTrue(name: string, text: string): boolean {
  return oneOf(name, text, ['true', 'false']) === 'true';
}

function wordsOf(texts: readonly string[]): readonly string[] {
  const words = texts.flatMap((text) => text.split(/\s+/)).filter((word) => word !== '');
  if (words.length > MAX_WORDS || words.some((word) => word.length > MAX_WORD_CHARACTERS)) {
    throw new FlowQueryError(
      `at most ${MAX_WORDS} words of at most ${MAX_WORD_CHARACTERS} characters are allowed`,
    );
  }
  return words;
}

function oneOf<Word extends string>(name: string, word: string, words: readonly Word[]): Word {
  const found = words.find((w) => w === word);
  if (found !== undefined) return found;
  const meant = nearest(word, words);
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  throw new FlowQueryError(`${name} can be ${words.join(', ')}, not "${word}"${hint}`);
}
