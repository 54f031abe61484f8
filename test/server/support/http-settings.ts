import type { HttpSettings } from '../../../server/http/http-server.ts';

/** An HTTP server on loopback, as the defaults have it, on any free port. */
export function loopbackSettings(): HttpSettings {
  return { host: '127.0.0.1', port: 0, ifTaken: 'fail', allowRemote: false, hostNames: [] };
}
