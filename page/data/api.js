import { isDecisionPage, isFlowPage, isHistory, isStatus, isWhyAnswer } from './guards.js';

/** The daemon cannot be reached, or does not answer in time. */
export class Unreachable extends Error {
  /** @override */
  name = 'Unreachable';
}

/** The daemon answers, but not with what was asked for. */
export class UnexpectedAnswer extends Error {
  /** @override */
  name = 'UnexpectedAnswer';
}

/** Longest wait for an answer, ms. */
const TIMEOUT_MS = 8_000;

export const api = {
  status: () => get('status', isStatus),
  history: () => get('history', isHistory),
  /** @param {number} limit */
  decisions: (limit) => get(`decisions?limit=${limit}`, isDecisionPage),
  /** @param {URLSearchParams} query */
  flows: (query) => get(`flows?${query}`, isFlowPage),
  /** @param {string} id of a flow; one that is gone is an answer, too */
  why: (id) => get(`flows/${encodeURIComponent(id)}/why`, isWhyAnswer),
};

/** Where the events of ticks and decisions come from. */
export const STREAM_URL = 'api/v1/stream';

/**
 * Asks the daemon; only ever reads.
 *
 * @template Answer
 * @param {string} path below `api/v1/`
 * @param {(value: unknown) => value is Answer} isAnswer
 * @returns {Promise<Answer>}
 * @throws Unreachable, UnexpectedAnswer
 */
async function get(path, isAnswer) {
  const response = await fetched(path);
  const body = await bodyOf(response);
  if (isAnswer(body)) return body;
  throw new UnexpectedAnswer(`the daemon answered ${response.status}: ${errorText(body)}`);
}

/** @param {string} path */
async function fetched(path) {
  try {
    return await fetch(`api/v1/${path}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    const late = error instanceof DOMException && error.name === 'TimeoutError';
    const what = late ? `does not answer within ${TIMEOUT_MS / 1000} s` : 'cannot be reached';
    throw new Unreachable(`the daemon ${what}`, { cause: error });
  }
}

/**
 * @param {Response} response
 * @returns {Promise<unknown>}
 */
async function bodyOf(response) {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

/** @param {unknown} body */
function errorText(body) {
  if (typeof body === 'object' && body !== null && 'error' in body) return String(body.error);
  return 'not what was asked for; is the page of the same version? Reload it';
}
