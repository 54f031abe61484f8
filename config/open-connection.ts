import { isLoopback } from './loopback.ts';
import type { Log } from '../platform/log.ts';

/**
 * Warns when a secret travels to another machine without encryption.
 *
 * @param setting of the URL, such as `influx.url`
 */
export function warnWhenOpen(url: string, setting: string, hasSecret: boolean, log: Log): void {
  const { protocol, hostname: host } = new URL(url);
  if (!hasSecret || protocol === 'https:' || isLoopback(host.replace(/^\[(.*)\]$/, '$1'))) return;
  log.warn(
    `the connection to ${host} is not encrypted and carries a password or token ("${setting}")`,
  );
}
