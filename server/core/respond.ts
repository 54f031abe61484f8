import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/**
 * What a browser may do with anything that comes from here: scripts and styles from files of ours,
 * connections back to us, and nothing else; never inside somebody's frame.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Headers of every answer. */
export const STRICT_HEADERS: OutgoingHttpHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, 'application/json; charset=utf-8', `${JSON.stringify(body)}\n`);
}

/** Answers with a text or bytes of the given type; `more` headers add to the strict ones. */
export function send(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string | Uint8Array,
  more: OutgoingHttpHeaders = {},
): void {
  if (response.writableEnded) return;
  response.writeHead(status, {
    ...STRICT_HEADERS,
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    ...more,
  });
  response.end(body);
}
