import type { HttpSettings } from '../../../server/http/http-server.ts';

/** The default HTTP settings, on any free loopback port. */
export function loopbackSettings(): HttpSettings {
  return { host: '127.0.0.1', port: 0, ifTaken: 'fail', allowRemote: false, hostNames: [] };
}
