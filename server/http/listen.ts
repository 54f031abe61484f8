import type { Server } from 'node:net';
import type { HttpConfig } from '../../config/config.ts';
import type { Log } from '../../platform/log.ts';

/** The HTTP server's port is in use. */
export class HttpPortTaken extends Error {
  override readonly name = 'HttpPortTaken';
}

/** The HTTP server cannot listen on its address. */
export class HttpListenFailed extends Error {
  override readonly name = 'HttpListenFailed';
}

/**
 * Connections that wait in the kernel. Node accepts one per turn of the event loop, and a client
 * whose connection does not fit retries only after a second.
 */
const BACKLOG = 2_048;

/**
 * Listens on the configured port or, with `ifTaken` other than `fail`, on any free port if that one
 * is in use.
 *
 * @throws HttpPortTaken, HttpListenFailed
 */
export async function listenAsConfigured(
  server: Server,
  { host, port, ifTaken }: Pick<HttpConfig, 'host' | 'port' | 'ifTaken'>,
  log: Log,
): Promise<void> {
  try {
    await listen(server, host, port);
  } catch (error) {
    if (!(error instanceof HttpPortTaken) || ifTaken === 'fail') throw error;
    await listen(server, host, 0);
    log.warn(`HTTP port ${port} is in use by another program; using a free port instead`);
  }
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
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}
