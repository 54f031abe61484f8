import type { FlowQuery, FlowSort, FlowView } from '../../api/flow-views.ts';
import type { PlacementName } from '../../engine/model/flow.ts';
import { api } from './api.ts';

/** Filter and order of the table of flows; an empty text filters nothing. */
export interface FlowQuestion {
  readonly sort: FlowSort;
  readonly words: string;
  readonly placement: PlacementName | '';
  readonly slice: string;
  readonly port: string;
}

/** A part of the matching flows, starting with the flow at `first`. */
export interface FlowPiece {
  readonly first: number;
  readonly flows: readonly FlowView[];
  readonly matching: number;
  readonly total: number;
}

/**
 * Requests the flows from `first`.
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
