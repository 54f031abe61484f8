import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { send, STRICT_HEADERS } from '../core/respond.ts';
import type { Call, Route } from '../core/routes.ts';

/** A file that is served unchanged. */
export interface StaticFile {
  /** URL path: `/page/app.js`. */
  readonly path: string;
  /** Absolute path of the file; its extension determines the content type. */
  readonly file: string;
}

/** A file has an extension without a known content type. */
export class UnknownFileType extends Error {
  override readonly name = 'UnknownFileType';
}

const TYPES: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.mjs', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.json', 'application/json; charset=utf-8'],
  ['.webmanifest', 'application/manifest+json; charset=utf-8'],
  ['.svg', 'image/svg+xml; charset=utf-8'],
  ['.txt', 'text/plain; charset=utf-8'],
  ['.png', 'image/png'],
  ['.ico', 'image/x-icon'],
  ['.woff2', 'font/woff2'],
]);

/** Types that gzip makes smaller. */
const TEXT = /^(text|application)\/|svg/;
/** Below this many bytes gzip is not worth it. */
const MIN_GZIP = 1024;

/**
 * A route for each file. Files are read once, here, and served from memory: a requested path never
 * reaches the file system. Browsers revalidate by ETag.
 *
 * @throws UnknownFileType, and what reading a file throws
 */
export function staticRoutes(
  files: readonly StaticFile[],
  summary = 'a file of the page',
): readonly Route[] {
  return files.map(({ path, file }) => {
    const type = TYPES.get(extname(file));
    if (type === undefined) {
      throw new UnknownFileType(
        `${file} has a type that is not served; known types are ${[...TYPES.keys()].join(', ')}`,
      );
    }
    const plain = readFileSync(file);
    const packed = TEXT.test(type) && plain.length >= MIN_GZIP ? gzipSync(plain) : undefined;
    const tag = createHash('sha256').update(plain).digest('base64url').slice(0, 22);
    const content = { type, plain, packed, tag };
    return {
      method: 'GET',
      path,
      summary,
      handle: (call) => serve(call, content),
    };
  });
}

interface Content {
  readonly type: string;
  readonly plain: Uint8Array;
  readonly packed: Uint8Array | undefined;
  readonly tag: string;
}

function serve({ headers, response }: Call, { type, plain, packed, tag }: Content): void {
  const zipped = packed !== undefined && takesGzip(headers['accept-encoding']);
  // The two encodings are different bytes, so they have different tags.
  const etag = zipped ? `"${tag}-gzip"` : `"${tag}"`;
  const caching = {
    etag,
    'cache-control': 'no-cache',
    ...(packed === undefined ? {} : { vary: 'accept-encoding' }),
  };
  if (isKnown(headers['if-none-match'], etag)) {
    response.writeHead(304, { ...STRICT_HEADERS, ...caching });
    response.end();
    return;
  }
  send(response, 200, type, zipped ? packed : plain, {
    ...caching,
    ...(zipped ? { 'content-encoding': 'gzip' } : {}),
  });
}

/** Whether If-None-Match (RFC 9110, 13.1.2) names the tag; the comparison is the weak one. */
function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}

/** Whether Accept-Encoding (RFC 9110, 12.5.3) allows gzip by name. */
function takesGzip(acceptEncoding: string | undefined): boolean {
  const codings = (acceptEncoding ?? '').toLowerCase().split(',');
  return codings.some((coding) => {
    const [name, ...parameters] = coding.split(';').map((part) => part.trim());
    return name === 'gzip' && !parameters.some((p) => /^q=0(\.0{0,3})?$/.test(p));
  });
}
