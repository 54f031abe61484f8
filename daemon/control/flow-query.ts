import { PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import { nearest } from '../../engine/text/nearest.ts';
import { FLOW_SORTS, type FlowQuery } from './view.ts';

/** A query for flows that makes no sense; the message says which part and what it can be. */
export class FlowQueryError extends Error {
  override readonly name = 'FlowQueryError';
}

/** Most flows one answer carries. */
export const MOST_FLOWS = 10_000;

/**
 * A query from the parameters of a URL: `sort`, `limit`, `placement`, `slice`, `port`, `q` (words
 * separated by spaces).
 *
 * @throws FlowQueryError
 */
export function parseFlowQuery(parameters: URLSearchParams): FlowQuery {
  const slice = parameters.get('slice');
  const port = parameters.get('port');
  const placement = parameters.get('placement');
  return {
    sort: oneOf('sort', parameters.get('sort') ?? 'rate', FLOW_SORTS),
    limit: limitOf(parameters.get('limit') ?? '20'),
    ...(placement === null ? {} : { placement: oneOf('placement', placement, PLACEMENT_NAMES) }),
    ...(slice === null ? {} : { slice }),
    ...(port === null ? {} : { port }),
    words: (parameters.get('q') ?? '').split(/\s+/).filter((word) => word !== ''),
  };
}

/** The parameters that {@link parseFlowQuery} reads, as a URL has them. */
export function flowQueryParameters(query: FlowQuery): string {
  const parameters = new URLSearchParams({ sort: query.sort, limit: String(query.limit) });
  if (query.placement !== undefined) parameters.set('placement', query.placement);
  if (query.slice !== undefined) parameters.set('slice', query.slice);
  if (query.port !== undefined) parameters.set('port', query.port);
  if (query.words.length > 0) parameters.set('q', query.words.join(' '));
  return parameters.toString();
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (!/^\d+$/.test(text) || limit < 1 || limit > MOST_FLOWS) {
    throw new FlowQueryError(`limit must be a number from 1 to ${MOST_FLOWS}, not "${text}"`);
  }
  return limit;
}

function oneOf<Word extends string>(name: string, word: string, words: readonly Word[]): Word {
  const found = words.find((w) => w === word);
  if (found !== undefined) return found;
  const meant = nearest(word, words);
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  throw new FlowQueryError(`${name} can be ${words.join(', ')}, not "${word}"${hint}`);
}
