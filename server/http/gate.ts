import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import type { Authenticator } from './authenticator.ts';
import { sendJson } from '../core/respond.ts';

/** Which requests are admitted. */
export interface GateOptions {
  /** Allowed names in `Host` besides addresses; undefined: any. */
  readonly hostNames: readonly string[] | undefined;
  /** Undefined: no authentication. */
  readonly authenticator: Authenticator | undefined;
}

/**
 * Resolves to false when a request is rejected; it has then been answered. Rejects, in this order,
 * foreign host names (DNS rebinding), requests from pages of other sites, and invalid credentials.
 */
export async function admitted(
  request: IncomingMessage,
  response: ServerResponse,
  { hostNames, authenticator }: GateOptions,
): Promise<boolean> {
  const { host, authorization } = request.headers;
  if (hostNames !== undefined && host !== undefined && !isOurs(host, hostNames)) {
    sendJson(response, 421, {
      error: `this server does not have the name ${host}; add it to "http.hostNames" if it should`,
    });
    return false;
  }
  if (isCrossSiteRequest(request)) {
    sendJson(response, 403, {
      error: 'requests from other sites are not allowed, except links to the page',
    });
    return false;
  }
  if (authenticator === undefined) return true;
  const verdict = await authenticator.check(authorization, request.socket.remoteAddress ?? '');
  if (verdict.ok) return true;
  if (verdict.why === 'wait') {
    response.setHeader('retry-after', Math.ceil(verdict.waitMs / 1000));
    sendJson(response, 429, { error: 'too many invalid passwords or tokens; try again later' });
    return false;
  }
  response.setHeader('www-authenticate', [
    'Basic realm="norikae", charset="UTF-8"',
    'Bearer realm="norikae"',
  ]);
  sendJson(response, 401, {
    error:
      verdict.why === 'missing'
        ? 'authentication required: a token ("Authorization: Bearer TOKEN") or a user and password (Basic)'
        : 'invalid credentials',
  });
  return false;
}

/** An address in `Host` cannot be rebound, so it is always accepted. */
function isOurs(host: string, names: readonly string[]): boolean {
  const name = host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
  return isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0 || names.includes(name);
}

/** Whether a page of another site sends the request, other than by a link. */
function isCrossSiteRequest({ headers }: IncomingMessage): boolean {
  return headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate';
}
