import { checkNames, numberOf } from './flow-query.ts';

/** Which decisions. */
export interface DecisionQuery {
  /** A ufid or the beginning of one; empty: of all flows. */
  readonly flow: string;
  /** Most decisions to return. */
  readonly limit: number;
}

/** Most decisions one answer carries to whoever may use the control socket. */
export const MAX_DECISIONS = 10_000;

/**
 * A query from the parameters of a URL: `flow` (a ufid or its beginning), `limit`.
 *
 * @param most decisions that `limit` may ask for
 * @throws FlowQueryError
 */
export function parseDecisionQuery(
  parameters: URLSearchParams,
  most = MAX_DECISIONS,
): DecisionQuery {
  checkNames(parameters, ['flow', 'limit']);
  const limit = numberOf('limit', parameters.get('limit') ?? '20', 1, most);
  return { flow: (parameters.get('flow') ?? '').toLowerCase(), limit };
}

/** The parameters that {@link parseDecisionQuery} reads, as a URL has them. */
export function decisionQueryParameters({ flow, limit }: DecisionQuery): string {
  return new URLSearchParams({ flow, limit: String(limit) }).toString();
}
