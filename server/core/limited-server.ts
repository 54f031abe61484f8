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
  // Longer than from one scrape to the next: whoever watches over us has a connection when others
  // storm the door.
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 1_000,
};

const TLS_LIMITS: TlsServerOptions = { ...LIMITS, minVersion: 'TLSv1.2', handshakeTimeout: 5_000 };

/**
 * An HTTP server that nobody can make hold much: 8 KiB of headers, seconds to send them. Node
 * answers what breaks the limits itself (408, 431) and closes.
 */
export function limitedServer(listener: RequestListener): Server {
  return limited(createServer(LIMITS, listener));
}

/** The same with TLS, 1.2 or later. */
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
