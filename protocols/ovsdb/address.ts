import type { SocketAddress } from '../json-rpc/connection.ts';
import { OvsdbAddressError } from './errors.ts';

/**
 * Parses an address as ovs-vsctl's `--db` does (ovsdb(7), "Connection Methods"): `unix:PATH`,
 * `tcp:HOST:PORT` with an IPv6 address in brackets, or a bare path.
 *
 * @throws OvsdbAddressError
 */
export function parseOvsdbAddress(text: string): SocketAddress {
  if (text.startsWith('/')) return { path: text };
  if (text.startsWith('unix:') && text.length > 5) return { path: text.slice(5) };
  const tcp = /^tcp:(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<name>[^:[\]]+)):(?<port>\d{1,5})$/.exec(text);
  const host = tcp?.groups?.['v6'] ?? tcp?.groups?.['name'];
  const port = Number(tcp?.groups?.['port']);
  if (host === undefined || port < 1 || port > 65535) throw new OvsdbAddressError(text);
  return { host, port };
}
