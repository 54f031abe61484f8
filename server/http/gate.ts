import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import type { Authenticator } from './authenticator.ts';
import { sendJson } from '../core/respond.ts';

/** Who gets in. */
export interface GateOptions {
  /** Names by which this server may be called besides its addresses; undefined: any. */
  readonly hostNames: readonly string[] | undefined;
  /** Undefined: everybody may look. */
  readonly authenticator: Authenticator | undefined;
}

/**
 * Whether a request is to be answered; when not it has been, with what is the matter. Turns away,
 * in this order: a page that makes a browser call us by a name of its own (DNS rebinding), a page
 * that makes a browser ask us behind its user's back, and whoever may not look.
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
  if (isSneaked(request)) {
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

/** An address cannot be another's name, so it is always ours. */
function isOurs(host: string, names: readonly string[]): boolean {
  const name = host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
  return isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0 || names.includes(name);
}

/** Whether a page of another site asks, other than by leading its reader here. */
function isSneaked({ headers }: IncomingMessage): boolean {
  return headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate';
}
