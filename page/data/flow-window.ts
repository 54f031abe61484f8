import type { FlowQuery, FlowSort, FlowView } from '../../api/flow-views.ts';
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
  const { sort, placement, slice, port } = question;
  const query: FlowQuery = {
    sort,
    limit: number,
    words: question.words.split(/\s+/).filter((word) => word !== ''),
    ...(first === 0 ? {} : { offset: first }),
    ...(placement === '' ? {} : { placement }),
    ...(slice === '' ? {} : { slice }),
    ...(port === '' ? {} : { port }),
  };
  const { flows, matching, total } = await api.flows(query);
  return { first, flows, matching, total };
}
