import { flowQueryParameters } from '../../api/flow-query-parameters.ts';
import type { FlowPage, FlowQuery, WhyAnswer } from '../../api/flow-views.ts';
import type { StatusView } from '../../api/status-view.ts';
import {
  isDecisionPage,
  isFlowPage,
  isHistoryView,
  isStatusView,
  isWhyAnswer,
} from '../../api/view-guards.ts';
import type { DecisionPage } from '../../api/decision-record.ts';
import type { HistoryView } from '../../api/history-view.ts';

/** The daemon cannot be reached, or does not answer in time. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/** The daemon sent an unexpected response. */
export class UnexpectedAnswer extends Error {
  override readonly name = 'UnexpectedAnswer';
}

/** Maximum time for a response, ms. */
const TIMEOUT_MS = 8_000;

export const api = {
  status: (): Promise<StatusView> => get('status', isStatusView),
  history: (): Promise<HistoryView> => get('history', isHistoryView),
  decisions: (limit: number): Promise<DecisionPage> =>
    get(`decisions?limit=${limit}`, isDecisionPage),
  flows: (query: FlowQuery): Promise<FlowPage> =>
    get(`flows?${flowQueryParameters(query)}`, isFlowPage),
  /** Explains the flow `id`; the response can be that there is no such flow. */
  why: (id: string): Promise<WhyAnswer> => get(`flows/${encodeURIComponent(id)}/why`, isWhyAnswer),
};

/** URL of the stream of ticks and decisions. */
export const STREAM_URL = 'api/v1/stream';

/**
 * Sends a read-only request to the daemon.
 *
 * @param path below `api/v1/`
 * @throws Unreachable, UnexpectedAnswer
 */
async function get<Answer>(
  path: string,
  isAnswer: (value: unknown) => value is Answer,
): Promise<Answer> {
  const response = await fetched(path);
  const body = await bodyOf(response);
  if (isAnswer(body)) return body;
  throw new UnexpectedAnswer(`the daemon answered ${response.status}: ${errorText(body)}`);
}

async function fetched(path: string): Promise<Response> {
  try {
    return await fetch(`api/v1/${path}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    const late = error instanceof DOMException && error.name === 'TimeoutError';
    const what = late ? `does not answer within ${TIMEOUT_MS / 1000} s` : 'cannot be reached';
    throw new Unreachable(`the daemon ${what}`, { cause: error });
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

function errorText(body: unknown): string {
  if (typeof body === 'object' && body !== null && 'error' in body) return String(body.error);
  return 'unexpected response; reload the page if the daemon was upgraded';
}
