import { parseDecisionQuery } from '../../api/decision-query.ts';
import { FlowQueryError, parseFlowQuery } from '../../api/flow-query.ts';
import type { DaemonView } from '../../api/view.ts';
import { sendJson } from '../core/respond.ts';
import { BadRequest, type Route } from '../core/routes.ts';
import { packageVersion } from '../../platform/package-root.ts';
import { whySentence } from '../../views/why-sentence.ts';

/** Maximum flows and decisions per response. */
export interface PageLimits {
  readonly flows: number;
  readonly decisions: number;
}

/** The read-only routes of HTTP and control socket. */
export function readRoutes(view: DaemonView, limits: PageLimits): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/status',
      summary: 'daemon, node, backends, sources, slices, ports and policies, as of the last tick',
      handle: ({ response }) => sendJson(response, 200, view.status()),
    },
    {
      method: 'GET',
      path: '/api/v1/flows',
      summary: 'a page of the flows: sort, limit, offset, placement, slice, port, word',
      handle: async ({ query, response, yieldToEventLoop }) => {
        const flowQuery = orBadRequest(() => parseFlowQuery(query, limits.flows));
        sendJson(response, 200, await view.flows(flowQuery, yieldToEventLoop));
      },
    },
    {
      method: 'GET',
      path: '/api/v1/flows/{flow}/why',
      summary: 'why a flow is where it is, by its ufid or a unique prefix of it',
      handle: async ({ parts, response }) => {
        const answer = await view.why(parts[0]);
        if (answer.found) {
          const sentence = whySentence(answer.why);
          sendJson(response, 200, { ...answer, why: { sentence, ...answer.why } });
        } else {
          sendJson(response, 404, answer);
        }
      },
    },
    {
      method: 'GET',
      path: '/api/v1/decisions',
      summary: 'the latest changes of placement, latest first: flow, limit',
      handle: ({ query, response }) => {
        const decisionQuery = orBadRequest(() => parseDecisionQuery(query, limits.decisions));
        sendJson(response, 200, view.decisions(decisionQuery));
      },
    },
    {
      method: 'GET',
      path: '/api/v1/history',
      summary: 'the last ten minutes, one point per second, in columns',
      handle: ({ response }) => sendJson(response, 200, view.history()),
    },
  ];
}

/** A route that lists `routes` and itself. */
export function indexRoute(routes: readonly Route[]): Route {
  const index: Route = {
    method: 'GET',
    path: '/api/v1',
    summary: 'this list',
    handle: ({ response }) => sendJson(response, 200, { version: packageVersion(), routes: list }),
  };
  const list = [index, ...routes].map(({ method, path, summary }) => ({ method, path, summary }));
  return index;
}

/** Parses a query; turns a query error into BadRequest. */
export function orBadRequest<Query>(parse: () => Query): Query {
  try {
    return parse();
  } catch (error) {
    if (error instanceof FlowQueryError) throw new BadRequest(error.message);
    throw error;
  }
}
