import { orBadRequest, indexRoute, readRoutes } from '../routes/read-routes.ts';
import { closeServer, limitedServer } from '../core/limited-server.ts';
import { sendJson } from '../core/respond.ts';
import { type Route, router } from '../core/routes.ts';
import type { Log } from '../../platform/log.ts';
import { type MarkPhase, markNothing } from '../../platform/watchdog/phases.ts';
import { MAX_DECISIONS } from '../../api/decision-query.ts';
import { MAX_FLOWS, parseFlowQuery } from '../../api/flow-query.ts';
import { listenPrivately } from './private-socket.ts';
import { type RecordingSource, RecordingStreams } from './recording-streams.ts';
import { TickStreams } from './tick-streams.ts';
import type { DaemonView } from '../../api/view.ts';

/** A fixed limit is enough: a process that can open the socket can also stop the daemon. */
const MAX_CONNECTIONS = 64;

export interface ControlService {
  readonly path: string;
  close(): Promise<void>;
}

/**
 * Serves the view as JSON on a unix socket, mode 0600, and recordings when `ticks` is given.
 *
 * @param mark marks what the server does, for the watchdog
 * @throws ControlSocketInUse, ControlSocketUnusable
 */
export async function startControlServer(
  path: string,
  view: DaemonView,
  log: Log,
  ticks?: RecordingSource,
  mark: MarkPhase = markNothing,
): Promise<ControlService> {
  const streams = new TickStreams(view, log);
  const recordings = ticks === undefined ? undefined : new RecordingStreams(ticks, log);
  const onRequest = (): void => mark('answering a command');
  const server = limitedServer(router(routesOf(view, streams, recordings), log, { onRequest }));
  server.maxConnections = MAX_CONNECTIONS;
  await listenPrivately(server, path);
  server.on('error', (error) => log.error({ err: error }, 'the control socket failed'));
  return {
    path,
    close: () => {
      streams.close();
      recordings?.close();
      return closeServer(server);
    },
  };
}

function routesOf(
  view: DaemonView,
  streams: TickStreams,
  recordings: RecordingStreams | undefined,
): readonly Route[] {
  const routes: readonly Route[] = [
    ...readRoutes(view, { flows: MAX_FLOWS, decisions: MAX_DECISIONS }),
    {
      method: 'GET',
      path: '/api/v1/ticks',
      summary: 'status and a page of flows after every tick, one object per line',
      handle: ({ query, response }) =>
        streams.open(
          orBadRequest(() => parseFlowQuery(query)),
          response,
        ),
    },
    {
      method: 'POST',
      path: '/api/v1/onload-all',
      summary: 'move every flow back to the vSwitch and hold it there',
      handle: async ({ response }) => sendJson(response, 200, await view.onloadAll()),
    },
    {
      method: 'POST',
      path: '/api/v1/resume',
      summary: 'end the hold',
      handle: async ({ response }) => sendJson(response, 200, await view.resume()),
    },
    {
      method: 'POST',
      path: '/api/v1/reload',
      summary: 'reload the policies',
      handle: async ({ response }) => sendJson(response, 200, await view.reload()),
    },
    ...(recordings === undefined ? [] : [recordingRoute(recordings)]),
  ];
  return [indexRoute(routes), ...routes];
}

function recordingRoute(recordings: RecordingStreams): Route {
  return {
    method: 'GET',
    path: '/api/v1/recording',
    summary:
      'the recording that "norikae record" writes to a file: the traffic of every flow, tick by tick',
    handle: ({ response }) => recordings.open(response),
  };
}
