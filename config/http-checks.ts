import type { JsonDocument } from '../text/json-document.ts';
import type { Problem } from '../text/problem.ts';
import type { ConfigFile } from './config-file.ts';
import { isLoopback } from './loopback.ts';

/** Reports an HTTP server that is unintentionally open to other machines. */
export function checkHttp({ http }: ConfigFile, document: JsonDocument): Problem[] {
  if (!http.enabled || http.allowRemote || isLoopback(http.host)) return [];
  const authenticates = http.tokenFile !== undefined || http.users !== undefined;
  const missing = [
    ...(http.tls === undefined ? ['TLS (set "http.tls")'] : []),
    ...(authenticates ? [] : ['authentication (set "http.tokenFile" or "http.users")']),
  ];
  if (missing.length === 0) return [];
  return [
    document.problemAt(
      ['http', 'host'],
      `"${http.host}" is reachable from other machines without ${missing.join(' and without ')}; ` +
        'or listen on 127.0.0.1, or set "http.allowRemote": true if the network is trusted',
    ),
  ];
}
