import type {
  IncomingHttpHeaders,
  IncomingMessage,
  RequestListener,
  ServerResponse,
} from 'node:http';
import { timeSlicedYield, type YieldToEventLoop } from '../../async/yield-to-event-loop.ts';
import type { Log } from '../../platform/log.ts';
import { sendJson } from './respond.ts';

/** A request to a route, and its response. */
export interface Call {
  readonly query: URLSearchParams;
  /** Values of the names in braces of the route's path, in order. */
  readonly parts: readonly string[];
  readonly headers: IncomingHttpHeaders;
  readonly response: ServerResponse;
  /** Long work awaits this regularly to yield to the event loop. */
  readonly yieldToEventLoop: YieldToEventLoop;
}

/** Handles one method on one path. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** `/api/v1/flows/{flow}/why`: a name in braces matches anything without a slash. */
  readonly path: string;
  /** One line for the list of routes. */
  readonly summary: string;
  /**
   * Why no further request can be accepted now; undefined: one can. Checked before the request is
   * authenticated, which costs more than the refusal.
   */
  refusal?(): Busy | undefined;
  handle(call: Call): void | Promise<void>;
}

/** An invalid request; the client gets the message. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

/** Too many requests are pending; the client can retry. */
export class Busy extends Error {
  override readonly name = 'Busy';
  /** Time after which the client can retry, s. */
  readonly retryAfterS: number;

  constructor(message: string, retryAfterS = 1) {
    super(message);
    this.retryAfterS = retryAfterS;
  }
}

/** Resolves to false when the request is rejected; it has then already been answered. */
export type Admit = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

/** Options of {@link router}. */
export interface RouterOptions {
  /** Default: every request is admitted. */
  readonly admit?: Admit;
  /** Whether internal errors go to the log alone; by default the client gets them, too. */
  readonly hidesFaults?: boolean;
  /** Called when a request arrives. */
  readonly onRequest?: () => void;
}

/** Maximum size of a request body, bytes. No route reads the body. */
const BODY_LIMIT = 4096;

/**
 * Dispatches admitted requests to their route. Answers 404, 405 (with Allow), 413 or 400 to a
 * request that fits no route, 503 when the server is busy, and 500 with a log line when a route
 * fails. HEAD is answered as GET without the body.
 */
export function router(
  routes: readonly Route[],
  log: Log,
  { admit, hidesFaults = false, onRequest }: RouterOptions = {},
): RequestListener {
  const table = routes.map((route) => ({ route, pattern: patternOf(route.path) }));
  return (request, response) => {
    onRequest?.();
    dropBody(request, response);
    const answered = async (): Promise<void> => {
      refuseEarly(table, request);
      if (admit !== undefined && !(await admit(request, response))) return;
      await answer(table, request, response);
    };
    answered().catch((error: unknown) => {
      const known = error instanceof BadRequest || error instanceof Busy;
      if (!known) log.error({ err: error, url: request.url }, 'request failed');
      refuse(!known && hidesFaults ? undefined : error, response);
    });
  };
}

/** @param error undefined: an internal error that is hidden from the client */
function refuse(error: unknown, response: ServerResponse): void {
  const message =
    error instanceof Error ? error.message : 'internal error; see the log of the daemon';
  if (response.headersSent) {
    response.destroy();
  } else if (error instanceof Busy) {
    response.setHeader('retry-after', error.retryAfterS);
    sendJson(response, 503, { error: message });
  } else {
    sendJson(response, error instanceof BadRequest ? 400 : 500, { error: message });
  }
}

interface Entry {
  readonly route: Route;
  readonly pattern: RegExp;
}

function patternOf(path: string): RegExp {
  const literals = path.split(/\{\w+\}/).map((text) => text.replace(/[.*+?^$()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literals.join('([^/]+)')}$`);
}

/** @throws Busy when the route of a request accepts no further one */
function refuseEarly(table: readonly Entry[], request: IncomingMessage): void {
  const path = (request.url ?? '/').split('?', 1)[0];
  for (const { route, pattern } of table) {
    const refusal = pattern.test(path) ? route.refusal?.() : undefined;
    if (refusal !== undefined) throw refusal;
  }
}

async function answer(
  table: readonly Entry[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = request.url ?? '/';
  if (!URL.canParse(target, 'http://localhost')) throw new BadRequest('invalid URL');
  const { pathname, searchParams } = new URL(target, 'http://localhost');
  const fitting = table.filter(({ pattern }) => pattern.test(pathname));
  if (fitting.length === 0) {
    sendJson(response, 404, { error: `no such resource: ${pathname}` });
    return;
  }
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const found = fitting.find(({ route }) => route.method === method);
  if (found === undefined) {
    const allowed = fitting.map(({ route }) => route.method).join(', ');
    response.setHeader('allow', allowed);
    sendJson(response, 405, { error: `${pathname} takes ${allowed}` });
    return;
  }
  const parts = (found.pattern.exec(pathname) ?? []).slice(1).map(decoded);
  const { headers } = request;
  await found.route.handle({
    query: searchParams,
    parts,
    headers,
    response,
    yieldToEventLoop: timeSlicedYield(),
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new BadRequest(`"${text}" has an invalid % escape`);
  }
}

/** Discards the request body, and closes the connection if it is too long. */
function dropBody(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= BODY_LIMIT) return;
    if (!response.headersSent) {
      response.setHeader('connection', 'close');
      sendJson(response, 413, { error: `the request body is longer than ${BODY_LIMIT} bytes` });
    }
    request.destroy();
  });
  request.on('error', () => response.destroy());
}
