import { FlowQueryError } from './flow-query.ts';
import type { DecisionQuery } from './view.ts';

/** Most decisions one answer carries. */
export const MOST_DECISIONS = 10_000;

/**
 * A query from the parameters of a URL: `flow` (a ufid or its beginning), `limit`.
 *
 * @throws FlowQueryError
 */
export function parseDecisionQuery(parameters: URLSearchParams): DecisionQuery {
  const text = parameters.get('limit') ?? '20';
  const limit = Number(text);
  if (!/^\d+$/.test(text) || limit < 1 || limit > MOST_DECISIONS) {
    throw new FlowQueryError(`limit must be a number from 1 to ${MOST_DECISIONS}, not "${text}"`);
  }
  return { flow: (parameters.get('flow') ?? '').toLowerCase(), limit };
}

/** The parameters that {@link parseDecisionQuery} reads, as a URL has them. */
export function decisionQueryParameters({ flow, limit }: DecisionQuery): string {
  return new URLSearchParams({ flow, limit: String(limit) }).toString();
}
