import { join } from 'node:path';
import type { MetricsSource } from '../../telemetry/prometheus/exposition.ts';
import type { EventStreams } from '../routes/event-streams.ts';
import { indexRoute, readRoutes } from '../routes/read-routes.ts';
import { reading, SUMMARIES } from '../routes/summaries.ts';
import { packageRoot } from '../../platform/package-root.ts';
import type { DaemonView } from '../../api/view.ts';
import type { MarkPhase } from '../../platform/watchdog/phases.ts';
import type { ConnectionGuard } from './connection-guard.ts';
import { liveness, readiness } from './health.ts';
import { pageFiles } from './page-files.ts';
import { send, sendJson } from '../core/respond.ts';
import type { Route } from '../core/routes.ts';
import { staticRoutes } from './static-files.ts';
import { TimeBudget } from './time-budget.ts';

/** The data that the HTTP server serves. */
export interface HttpSources {
  readonly view: DaemonView;
  readonly metrics: MetricsSource;
  /** Marks what the server does, for the watchdog. */
  readonly mark?: MarkPhase;
}

/** Flows and decisions per response; bounds the load on browser and loop. */
export const PAGE_LIMITS = { flows: 1_000, decisions: 1_000 };

/** Budgets of the event loop's time. Monitoring has its own, so that API clients cannot starve it. */
const API_BUDGET = { share: 0.2, burstMs: 100, tasks: 32 };
const MONITORING_BUDGET = { share: 0.1, burstMs: 100, tasks: 32 };

/** Path of the description of the API. */
const OPENAPI = '/api/v1/openapi.json';

/** All routes of the HTTP server. */
export function httpRoutes(
  sources: HttpSources,
  streams: EventStreams,
  guard: ConnectionGuard,
): readonly Route[] {
  const api: readonly Route[] = [
    ...within(new TimeBudget(API_BUDGET), readRoutes(sources.view, PAGE_LIMITS)),
    {
      ...reading('/api/v1/stream'),
      refusal: () => streams.refusal(),
      handle: ({ response }) => {
        streams.open(response);
        // A refused stream is a connection like any other, which can be closed at the limit.
        guard.exempt(response);
      },
    },
    ...staticRoutes(
      [{ path: OPENAPI, file: join(packageRoot(), 'api/openapi.json') }],
      SUMMARIES[OPENAPI],
    ),
  ];
  return [
    ...within(new TimeBudget(MONITORING_BUDGET), monitoringRoutes(sources)),
    ...staticRoutes(pageFiles()),
    indexRoute(api),
    ...api,
  ];
}

/** Metrics and health. */
function monitoringRoutes({ view, metrics }: HttpSources): readonly Route[] {
  return [
    {
      ...reading('/metrics'),
      handle: async ({ response, headers }) => {
        const { contentType, text } = await metrics.expose(headers.accept);
        send(response, 200, contentType, text);
      },
    },
    {
      ...reading('/healthz'),
      handle: ({ response }) => {
        const health = liveness(view.status());
        sendJson(response, health.ok ? 200 : 503, health);
      },
    },
    {
      ...reading('/readyz'),
      handle: ({ response }) => {
        const health = readiness(view.status());
        sendJson(response, health.ok ? 200 : 503, health);
      },
    },
  ];
}

/** Runs the routes within a budget, and skips requests whose client has disconnected meanwhile. */
function within(budget: TimeBudget, routes: readonly Route[]): readonly Route[] {
  return routes.map((route) => ({
    ...route,
    handle: (call) =>
      budget.run((yieldToEventLoop) =>
        call.response.destroyed ? undefined : route.handle({ ...call, yieldToEventLoop }),
      ),
  }));
}
