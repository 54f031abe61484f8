import { PLACEMENT_NAMES } from '../engine/model/flow.ts';
import { nearest } from '../text/nearest.ts';
import { FLOW_SORTS, type FlowQuery } from './flow-views.ts';

/** A query for flows that makes no sense; the message says which part and what it can be. */
export class FlowQueryError extends Error {
  override readonly name = 'FlowQueryError';
}

/** Most flows one answer carries to whoever may use the control socket. */
export const MAX_FLOWS = 10_000;
/** Farthest place in the order that an answer may begin at. */
const MAX_OFFSET = 10_000_000;
/** Most words, and most characters of each. */
const MAX_WORDS = 16;
const LONGEST_WORD = 100;

const PARAMETERS = ['sort', 'limit', 'offset', 'placement', 'slice', 'port', 'word'];

/**
 * A query from the parameters of a URL: `sort`, `limit`, `offset`, `placement`, `slice`, `port`,
 * `word` (as often as there are words, or several with spaces between them).
 *
 * @param most flows that `limit` may ask for
 * @throws FlowQueryError
 */
export function parseFlowQuery(parameters: URLSearchParams, most = MAX_FLOWS): FlowQuery {
  checkNames(parameters, PARAMETERS);
  const offset = numberOf('offset', parameters.get('offset') ?? '0', 0, MAX_OFFSET);
  const slice = parameters.get('slice');
  const port = parameters.get('port');
  const placement = parameters.get('placement');
  return {
    sort: oneOf('sort', parameters.get('sort') ?? 'rate', FLOW_SORTS),
    limit: numberOf('limit', parameters.get('limit') ?? '20', 1, most),
    ...(offset === 0 ? {} : { offset }),
    ...(placement === null ? {} : { placement: oneOf('placement', placement, PLACEMENT_NAMES) }),
    ...(slice === null ? {} : { slice }),
    ...(port === null ? {} : { port }),
    words: wordsOf(parameters.getAll('word')),
  };
}

/**
 * Refuses parameters that are not among `known`: a misspelt one would be an answer to another
 * question.
 *
 * @throws FlowQueryError
 */
export function checkNames(parameters: URLSearchParams, known: readonly string[]): void {
  for (const name of parameters.keys()) oneOf('a parameter', name, known);
}

/**
 * A whole number from a parameter.
 *
 * @throws FlowQueryError
 */
export function numberOf(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new FlowQueryError(`${name} must be a number from ${least} to ${most}, not "${text}"`);
}

function wordsOf(texts: readonly string[]): readonly string[] {
  const words = texts.flatMap((text) => text.split(/\s+/)).filter((word) => word !== '');
  if (words.length > MAX_WORDS || words.some((word) => word.length > LONGEST_WORD)) {
    throw new FlowQueryError(`there may be ${MAX_WORDS} words of ${LONGEST_WORD} characters each`);
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
