import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import {
  createServer as createTlsServer,
  type Server as TlsServer,
  type ServerOptions as TlsServerOptions,
} from 'node:https';

/** Certificate chain and private key, PEM. */
export interface KeyPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

const LIMITS: ServerOptions = {
  maxHeaderSize: 8192,
  headersTimeout: 15_000,
  requestTimeout: 20_000,
  // Longer than a scrape interval, so that monitoring keeps its connection during a flood of
  // connections.
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 1_000,
};

const TLS_LIMITS: TlsServerOptions = { ...LIMITS, minVersion: 'TLSv1.2', handshakeTimeout: 5_000 };

/**
 * An HTTP server that limits what a client can make it hold: 8 KiB of headers, and 15 s to send
 * them. Node itself answers a violation with 408 or 431 and closes the connection.
 */
export function limitedServer(listener: RequestListener): Server {
  return limited(createServer(LIMITS, listener));
}

/** Like {@link limitedServer}, with TLS 1.2 or later. */
export function limitedTlsServer(listener: RequestListener, keys: KeyPair): TlsServer {
  return limited(createTlsServer({ ...TLS_LIMITS, ...keys }, listener));
}

function limited<S extends Server | TlsServer>(server: S): S {
  server.maxHeadersCount = 100;
  server.maxRequestsPerSocket = 1_000;
  return server;
}

/** Stops listening and closes every connection. */
export function closeServer(server: Server | TlsServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
