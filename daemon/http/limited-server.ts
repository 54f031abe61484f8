import { createServer, type RequestListener, type Server } from 'node:http';

/**
 * An HTTP server that nobody can make hold much: 8 KiB of headers, seconds to send them, 64
 * connections. Node answers what breaks the limits itself (408, 431) and closes.
 */
export function limitedServer(listener: RequestListener): Server {
  const server = createServer(
    {
      maxHeaderSize: 8192,
      headersTimeout: 5_000,
      requestTimeout: 10_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 1_000,
    },
    listener,
  );
  server.maxConnections = 64;
  server.maxRequestsPerSocket = 1_000;
  return server;
}

/** Stops listening and closes every connection. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
