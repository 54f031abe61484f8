import type { RequestListener, Server } from 'node:http';
import { Server as TlsServer } from 'node:https';
import { isIPv6, type Socket } from 'node:net';
import { EventStreams, STREAM_LIMITS } from '../routes/event-streams.ts';
import type { HttpConfig } from '../../config/config.ts';
import { isLoopback } from '../../config/loopback.ts';
import { descriptorLimit } from '../../platform/descriptors.ts';
import type { Log } from '../../platform/log.ts';
import { AddressLimiter } from './address-limiter.ts';
import { ConnectionGuard } from './connection-guard.ts';
import { admitted } from './gate.ts';
import { type HttpSources, httpRoutes } from './http-routes.ts';
import { HttpSecurity } from './http-security.ts';
import {
  closeServer,
  type KeyPair,
  limitedServer,
  limitedTlsServer,
} from '../core/limited-server.ts';
import { listenAsConfigured } from './listen.ts';
import { type Admit, router } from '../core/routes.ts';

/** A running HTTP server. */
export interface HttpService {
  /** Base URL, e.g. `http://127.0.0.1:9464/`. */
  readonly url: string;
  /** Refuses new connections and closes idle ones, or accepts them again. */
  setRefusing(refusing: boolean): void;
  /** Reads certificate, key, token and users again; on an error the previous ones stay. Never rejects. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** The part of the configuration that the HTTP server uses. */
export type HttpSettings = Omit<HttpConfig, 'enabled' | 'topFlows'>;

/** Concurrent connections. */
const MAX_CONNECTIONS = 1_024;
/** Share of the process's file descriptors that HTTP connections may use. */
const DESCRIPTOR_SHARE = 1 / 3;
/** Share of the connections that may be streams, which are not closed for newer connections. */
const STREAM_SHARE = 1 / 4;
/** A connection without traffic for this time is closed, ms. */
const IDLE_TIMEOUT_MS = 10_000;
/** TLS connections per address: a handshake takes several ms of the event loop. */
const HANDSHAKES = { burst: 64, refillMs: 100 };

/**
 * Serves `/metrics`, `/healthz`, `/readyz`, the read-only part of the API, and the live page.
 *
 * @throws HttpPortTaken, HttpListenFailed, and what {@link HttpSecurity.load} throws
 */
export async function startHttpServer(
  settings: HttpSettings,
  sources: HttpSources,
  log: Log,
): Promise<HttpService> {
  const connections = Math.min(
    MAX_CONNECTIONS,
    Math.floor((await descriptorLimit()) * DESCRIPTOR_SHARE),
  );
  const security = await HttpSecurity.load(settings, log);
  try {
    return await serve(settings, sources, log, security, connections);
  } catch (error) {
    await security.close();
    throw error;
  }
}

async function serve(
  settings: HttpSettings,
  sources: HttpSources,
  log: Log,
  security: HttpSecurity,
  connections: number,
): Promise<HttpService> {
  const streams = new EventStreams(sources.view, log, {
    ...STREAM_LIMITS,
    streams: Math.min(STREAM_LIMITS.streams, Math.ceil(connections * STREAM_SHARE)),
  });
  const guard = new ConnectionGuard(connections);
  const gate = { hostNames: hostNamesOf(settings), authenticator: security.authenticator };
  const admit = (...call: Parameters<Admit>): Promise<boolean> => admitted(...call, gate);
  const routes = httpRoutes(sources, streams, guard);
  const onRequest = (): void => sources.mark?.('answering an HTTP request');
  const listener = router(routes, log, { admit, hidesFaults: true, onRequest });
  const { keys } = security;
  const server = keys === undefined ? limitedServer(listener) : tlsServer(listener, keys);
  server.setTimeout(IDLE_TIMEOUT_MS);
  guard.guard(server);
  const close = async (): Promise<void> => {
    streams.close();
    await Promise.all([security.close(), closeServer(server)]);
  };
  await listenAsConfigured(server, settings, log);
  if (server instanceof TlsServer) security.onKeys((renewed) => server.setSecureContext(renewed));
  server.on('error', (error) => log.error({ err: error }, 'the HTTP server failed'));
  warnWhenOpen(settings, log);
  return {
    url: urlOf(server, settings),
    setRefusing: (refusing) => guard.setRefusing(refusing),
    reload: () => security.reload(),
    close,
  };
}

/** A TLS server that limits the handshakes of each address. */
function tlsServer(listener: RequestListener, keys: KeyPair): TlsServer {
  const server = limitedTlsServer(listener, keys);
  const limiter = new AddressLimiter(HANDSHAKES);
  server.prependListener('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const nowMs = performance.now();
    if (limiter.waitMs(address, nowMs) > 0) socket.destroy();
    else limiter.count(address, nowMs);
  });
  return server;
}

/**
 * Allowed names in `Host`; undefined: any. On loopback, where authentication is optional, foreign
 * names must be rejected: a site whose name resolves to 127.0.0.1 could read through a browser on
 * this host (DNS rebinding).
 */
function hostNamesOf({ host, hostNames }: HttpSettings): readonly string[] | undefined {
  if (!isLoopback(host) && hostNames.length === 0) return undefined;
  return ['localhost', host, ...hostNames];
}

function warnWhenOpen({ host, tls, tokenFile, users }: HttpSettings, log: Log): void {
  if (isLoopback(host)) return;
  if (tokenFile === undefined && users === undefined) {
    log.warn(
      `everyone who can reach ${host} can read the state of this daemon ("http.allowRemote")`,
    );
  }
  if (tls === undefined) {
    log.warn('HTTP traffic is not encrypted: TLS is off ("http.allowRemote")');
  }
}

function urlOf(server: Server | TlsServer, { host, port, tls }: HttpSettings): string {
  const address = server.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  const scheme = tls === undefined ? 'http' : 'https';
  return `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${actual}/`;
}
