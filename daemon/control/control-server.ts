import { closeServer, limitedServer } from '../http/limited-server.ts';
import { sendJson } from '../http/respond.ts';
import { BadRequest, type Call, type Route, router } from '../http/routes.ts';
import type { Log } from '../log.ts';
import { whySentence } from '../view/why-sentence.ts';
import { parseDecisionQuery } from './decision-query.ts';
import { FlowQueryError, parseFlowQuery } from './flow-query.ts';
import { listenPrivately } from './private-socket.ts';
import { TickStreams } from './tick-streams.ts';
import type { DaemonView, DecisionQuery, FlowQuery } from './view.ts';

/** A running control server. */
export interface ControlService {
  readonly path: string;
  close(): Promise<void>;
}

/**
 * Serves the view as JSON on a unix socket, mode 0600.
 *
 * @throws ControlSocketInUse, ControlSocketUnusable
 */
export async function startControlServer(
  path: string,
  view: DaemonView,
  log: Log,
): Promise<ControlService> {
  const streams = new TickStreams(view, log);
  const server = limitedServer(router(routesOf(view, streams), log));
  await listenPrivately(server, path);
  server.on('error', (error) => log.error({ err: error }, 'the control socket failed'));
  return {
    path,
    close: () => {
      streams.close();
      return closeServer(server);
    },
  };
}

function routesOf(view: DaemonView, streams: TickStreams): readonly Route[] {
  return [
    get(/^\/v1\/status$/, ({ response }) => sendJson(response, 200, view.status())),
    get(/^\/v1\/flows$/, ({ query, response }) =>
      sendJson(response, 200, view.flows(queryOf(query))),
    ),
    get(/^\/v1\/flows\/([^/]+)\/why$/, async ({ groups, response }) => {
      const answer = await view.why(groups[0]);
      if (answer.found) {
        const sentence = whySentence(answer.why);
        sendJson(response, 200, { ...answer, why: { sentence, ...answer.why } });
      } else {
        sendJson(response, 404, answer);
      }
    }),
    get(/^\/v1\/decisions$/, ({ query, response }) =>
      sendJson(response, 200, view.decisions(decisionQueryOf(query))),
    ),
    get(/^\/v1\/ticks$/, ({ query, response }) => streams.open(queryOf(query), response)),
    post(/^\/v1\/onload-all$/, async ({ response }) =>
      sendJson(response, 200, await view.onloadAll()),
    ),
    post(/^\/v1\/resume$/, async ({ response }) => sendJson(response, 200, await view.resume())),
    post(/^\/v1\/reload$/, async ({ response }) => sendJson(response, 200, await view.reload())),
  ];
}

function get(path: RegExp, handle: (call: Call) => void | Promise<void>): Route {
  return { method: 'GET', path, handle };
}

function post(path: RegExp, handle: (call: Call) => void | Promise<void>): Route {
  return { method: 'POST', path, handle };
}

function queryOf(parameters: URLSearchParams): FlowQuery {
  return asked(() => parseFlowQuery(parameters));
}

function decisionQueryOf(parameters: URLSearchParams): DecisionQuery {
  return asked(() => parseDecisionQuery(parameters));
}

function asked<Query>(parse: () => Query): Query {
  try {
    return parse();
  } catch (error) {
    if (error instanceof FlowQueryError) throw new BadRequest(error.message);
    throw error;
  }
}
