import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Log } from '../log.ts';
import { sendJson } from './respond.ts';

/** One request on its way to an answer. */
export interface Call {
  readonly query: URLSearchParams;
  /** What the groups of the route's path matched. */
  readonly groups: readonly string[];
  readonly response: ServerResponse;
}

/** What answers one method on the paths that match. */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: RegExp;
  handle(call: Call): void | Promise<void>;
}

/** A request that cannot be answered as it is; the message goes to whoever asked. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

/** No route takes a body of more than this, bytes. */
const BODY_LIMIT = 4096;

/**
 * Answers requests by the first route that fits; 404, 405 (with Allow), 413 and 400 otherwise,
 * 500 with a log line when a route fails. HEAD is answered as GET without the body.
 */
export function router(routes: readonly Route[], log: Log): RequestListener {
  return (request, response) => {
    dropBody(request, response);
    answer(routes, request, response).catch((error: unknown) => {
      if (!(error instanceof BadRequest))
        log.error({ err: error, url: request.url }, 'request failed');
      if (response.headersSent) {
        response.destroy();
      } else if (error instanceof BadRequest) {
        sendJson(response, 400, { error: error.message });
      } else {
        sendJson(response, 500, { error: error instanceof Error ? error.message : 'failed' });
      }
    });
  };
}

async function answer(
  routes: readonly Route[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = request.url ?? '/';
  if (!URL.canParse(target, 'http://localhost')) throw new BadRequest('this is not a URL');
  const url = new URL(target, 'http://localhost');
  const fitting = routes.filter((route) => route.path.test(url.pathname));
  if (fitting.length === 0) {
    sendJson(response, 404, { error: `there is nothing at ${url.pathname}` });
    return;
  }
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const route = fitting.find((r) => r.method === method);
  if (route === undefined) {
    const allowed = fitting.map((r) => r.method).join(', ');
    response.setHeader('allow', allowed);
    sendJson(response, 405, { error: `${url.pathname} takes ${allowed}` });
    return;
  }
  const groups = (route.path.exec(url.pathname) ?? []).slice(1).map(decoded);
  await route.handle({ query: url.searchParams, groups, response });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new BadRequest(`"${text}" has a broken % escape`);
  }
}

/** Reads a body away, and hangs up on one that is too long. */
function dropBody(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= BODY_LIMIT) return;
    if (!response.headersSent) {
      response.setHeader('connection', 'close');
      sendJson(response, 413, { error: `a body may have ${BODY_LIMIT} bytes` });
    }
    request.destroy();
  });
  request.on('error', () => response.destroy());
}
