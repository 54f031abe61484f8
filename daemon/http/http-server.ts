import type { Server } from 'node:http';
import { isIPv6 } from 'node:net';
import type { MetricsSource } from '../../telemetry/prometheus/exposition.ts';
import { EventStreams } from '../api/event-streams.ts';
import { indexRoute, readRoutes } from '../api/read-routes.ts';
import type { HttpConfig } from '../config/config.ts';
import type { DaemonView } from '../control/view.ts';
import type { Log } from '../log.ts';
import { liveness, readiness } from './health.ts';
import { closeServer, limitedServer } from './limited-server.ts';
import { pageFiles } from './page-files.ts';
import { send, sendJson } from './respond.ts';
import { type Route, router } from './routes.ts';
import { staticRoutes } from './static-files.ts';

/** The HTTP server's port is in use. */
export class HttpPortTaken extends Error {
  override readonly name = 'HttpPortTaken';
}

/** The HTTP server's address cannot be listened on. */
export class HttpListenFailed extends Error {
  override readonly name = 'HttpListenFailed';
}

/** A running HTTP server. */
export interface HttpService {
  /** Where it is, e.g. `http://127.0.0.1:9464/`. */
  readonly url: string;
  close(): Promise<void>;
}

/** What the HTTP server shows. */
export interface HttpSources {
  readonly view: DaemonView;
  readonly metrics: MetricsSource;
}

/**
 * Serves `/metrics`, `/healthz`, `/readyz`, what of the API changes nothing, and the live page.
 *
 * @throws HttpPortTaken, HttpListenFailed
 */
export async function startHttpServer(
  settings: Pick<HttpConfig, 'host' | 'port' | 'ifTaken'>,
  sources: HttpSources,
  log: Log,
): Promise<HttpService> {
  const streams = new EventStreams(sources.view, log);
  const server = limitedServer(router(routesOf(sources, streams), log));
  try {
    await listen(server, settings.host, settings.port);
  } catch (error) {
    if (!(error instanceof HttpPortTaken) || settings.ifTaken === 'fail') throw error;
    await listen(server, settings.host, 0);
    log.warn(`HTTP port ${settings.port} is in use by another program; took a free one instead`);
  }
  server.on('error', (error) => log.error({ err: error }, 'the HTTP server failed'));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : settings.port;
  const host = isIPv6(settings.host) ? `[${settings.host}]` : settings.host;
  const close = (): Promise<void> => {
    streams.close();
    return closeServer(server);
  };
  return { url: `http://${host}:${port}/`, close };
}

/** Most flows and decisions in one answer: what a browser can show, and the loop can spare. */
const PAGE_LIMITS = { flows: 1_000, decisions: 1_000 };

function routesOf({ view, metrics }: HttpSources, streams: EventStreams): readonly Route[] {
  const api: readonly Route[] = [
    ...readRoutes(view, PAGE_LIMITS),
    {
      method: 'GET',
      path: '/api/v1/stream',
      summary: 'ticks and decisions as they come, as server-sent events',
      handle: ({ response }) => streams.open(response),
    },
  ];
  return [
    {
      method: 'GET',
      path: '/metrics',
      summary: 'for Prometheus',
      handle: async ({ response, headers }) => {
        const { contentType, text } = await metrics.expose(headers.accept);
        send(response, 200, contentType, text);
      },
    },
    {
      method: 'GET',
      path: '/healthz',
      summary: '200 while the loop goes round',
      handle: ({ response }) => {
        const health = liveness(view.status());
        sendJson(response, health.ok ? 200 : 503, health);
      },
    },
    {
      method: 'GET',
      path: '/readyz',
      summary: '200 while sources are fresh, backends are started and policies are in force',
      handle: ({ response }) => {
        const health = readiness(view.status());
        sendJson(response, health.ok ? 200 : 503, health);
      },
    },
    ...staticRoutes(pageFiles()),
    indexRoute(api),
    ...api,
  ];
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const place = `${host}:${port}`;
      reject(
        error.code === 'EADDRINUSE'
          ? new HttpPortTaken(
              `${place} is in use by another program; set "http.port" to a free port, or to 0 for any`,
              { cause: error },
            )
          : new HttpListenFailed(
              `cannot listen on ${place} (${error.code}); check "http.host" and "http.port"`,
              { cause: error },
            ),
      );
    };
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      resolve();
    });
  });
}
