import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/**
 * Allows a browser to load scripts, styles and images from this server and to connect to it.
 * Forbids everything else, including framing.
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

/** Headers of every response. */
export const STRICT_HEADERS: OutgoingHttpHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Responds with JSON. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, 'application/json; charset=utf-8', `${JSON.stringify(body)}\n`);
}

/** Responds with a text or bytes of the given type; `more` headers extend the strict ones. */
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
