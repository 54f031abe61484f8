import { parseDecisionQuery } from '../../api/decision-query.ts';
import { FlowQueryError, parseFlowQuery } from '../../api/flow-query.ts';
import type { RouteList, WhyResponse } from '../../api/responses.ts';
import type { DaemonView } from '../../api/view.ts';
import { sendJson } from '../core/respond.ts';
import { BadRequest, type Route } from '../core/routes.ts';
import { packageVersion } from '../../platform/package-root.ts';
import { whySentence } from '../../views/why-sentence.ts';
import { reading } from './summaries.ts';

/** Maximum flows and decisions per response. */
export interface PageLimits {
  readonly flows: number;
  readonly decisions: number;
}

/** The read-only routes of HTTP and control socket. */
export function readRoutes(view: DaemonView, limits: PageLimits): readonly Route[] {
  return [
    {
      ...reading('/api/v1/status'),
      handle: ({ response }) => sendJson(response, 200, view.status()),
    },
    {
      ...reading('/api/v1/flows'),
      handle: async ({ query, response, yieldToEventLoop }) => {
        const flowQuery = orBadRequest(() => parseFlowQuery(query, limits.flows));
        sendJson(response, 200, await view.flows(flowQuery, yieldToEventLoop));
      },
    },
    {
      ...reading('/api/v1/flows/{flow}/why'),
      handle: async ({ parts, response }) => {
        const answer = await view.why(parts[0]);
        if (answer.found) {
          const sentence = whySentence(answer.why);
          const found: WhyResponse = { ...answer, why: { sentence, ...answer.why } };
          sendJson(response, 200, found);
        } else {
          sendJson(response, 404, answer);
        }
      },
    },
    {
      ...reading('/api/v1/decisions'),
      handle: ({ query, response }) => {
        const decisionQuery = orBadRequest(() => parseDecisionQuery(query, limits.decisions));
        sendJson(response, 200, view.decisions(decisionQuery));
      },
    },
    {
      ...reading('/api/v1/history'),
      handle: ({ response }) => sendJson(response, 200, view.history()),
    },
  ];
}

/** A route that lists `routes` and itself. */
export function indexRoute(routes: readonly Route[]): Route {
  const index: Route = {
    ...reading('/api/v1'),
    handle: ({ response }) => {
      const answer: RouteList = { version: packageVersion(), routes: list };
      sendJson(response, 200, answer);
    },
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
