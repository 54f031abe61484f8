import { checkNames, numberOf } from './flow-query.ts';

/** A query for decisions. */
export interface DecisionQuery {
  /** A ufid or a prefix of one; empty: all flows. */
  readonly flow: string;
  /** Maximum number of decisions. */
  readonly limit: number;
}

/** Maximum decisions in a response on the control socket. */
export const MAX_DECISIONS = 10_000;

/**
 * Parses the parameters of a URL: `flow` (a ufid or a prefix), `limit`.
 *
 * @param maxLimit maximum value of `limit`
 * @throws FlowQueryError
 */
export function parseDecisionQuery(
  parameters: URLSearchParams,
  maxLimit = MAX_DECISIONS,
): DecisionQuery {
  checkNames(parameters, ['flow', 'limit']);
  const limit = numberOf('limit', parameters.get('limit') ?? '20', 1, maxLimit);
  return { flow: (parameters.get('flow') ?? '').toLowerCase(), limit };
}

/** A query as parameters of a URL; {@link parseDecisionQuery} reads them. */
export function decisionQueryParameters({ flow, limit }: DecisionQuery): string {
  return new URLSearchParams({ flow, limit: String(limit) }).toString();
}
