import type { FlowSort, FlowView } from '../../api/flow-views.ts';
import type { PlacementName } from '../../engine/model/flow.ts';
import { api } from './api.ts';

/** Which flows the table shows, and in which order; empty texts ask for nothing. */
export interface FlowQuestion {
  readonly sort: FlowSort;
  readonly words: string;
  readonly placement: PlacementName | '';
  readonly slice: string;
  readonly port: string;
}

/** A piece of the answer: flows `first` and following of `matching`. */
export interface FlowPiece {
  readonly first: number;
  readonly flows: readonly FlowView[];
  readonly matching: number;
  readonly total: number;
}

/**
 * Asks for the flows from `first` on.
 *
 * @throws Unreachable, UnexpectedAnswer
 */
export async function flowPiece(
  question: FlowQuestion,
  first: number,
  number: number,
): Promise<FlowPiece> {
  const query = new URLSearchParams({ sort: question.sort, limit: String(number) });
  if (first > 0) query.set('offset', String(first));
  if (question.placement !== '') query.set('placement', question.placement);
  if (question.slice !== '') query.set('slice', question.slice);
  if (question.port !== '') query.set('port', question.port);
  for (const word of question.words.split(/\s+/).filter((w) => w !== ''))
    query.append('word', word);
  const { flows, matching, total } = await api.flows(query);
  return { first, flows, matching, total };
}
