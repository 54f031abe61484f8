import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { bounded } from '../../async/bounded.ts';
import { errorMessage } from '../../text/error-message.ts';
import { SinkRefused, SinkUnavailable } from './errors.ts';
import { retryAfterOf } from './retry-after.ts';
import type { LineSink } from './writer.ts';

/** Address of a server that collects JSON objects. */
export interface CollectorTarget {
  /** `http:` or `https:`, without credentials. */
  readonly url: string;
  /** Time-out of one request, from the name lookup to the end of the answer, ms. */
  readonly timeoutMs: number;
  /** PEM of the trusted certificate authorities; undefined: those of Node. */
  readonly ca?: string | undefined;
}

/** Maximum length of a server's message in an error, characters. */
const MAX_MESSAGE = 400;
/** Maximum length of an answer that is read, bytes; the rest is ignored. */
const MAX_ANSWER = 16_384;

const compressed = promisify(gzip);

/**
 * Sends lines, each a JSON object, as one array: POST with gzip, as Open Policy Agent uploads decision logs.
 * Any status from 200 to 299 accepts the whole array.
 */
export class JsonCollector implements LineSink {
  readonly #target: CollectorTarget;
  readonly #agent: HttpAgent;
  #token: string | undefined;

  constructor(target: CollectorTarget) {
    this.#target = target;
    const options = { keepAlive: true, maxSockets: 1 };
    this.#agent = isSecure(target)
      ? new HttpsAgent({ ...options, ca: target.ca })
      : new HttpAgent(options);
  }

  /** Sets the bearer token of all later requests. */
  setToken(token: string): void {
    this.#token = token;
  }

  /** @throws {SinkUnavailable} @throws {SinkRefused} */
  async write(lines: readonly string[], signal: AbortSignal): Promise<void> {
    const body = await compressed(`[${lines.join(',')}]`);
    const { status, retryAfter, text } = await this.#post(body, signal);
    if (status >= 200 && status < 300) return;
    const message = `the collector answers ${status}: ${this.#redacted(text)}`;
    switch (status) {
      case 400:
      case 413:
      case 422:
        throw new SinkRefused(message, undefined);
      case 401:
      case 403:
        throw new SinkUnavailable('unauthorized', message);
      case 404:
        throw new SinkUnavailable('missing', message);
      default:
        throw new SinkUnavailable('busy', message, retryAfterOf(retryAfter));
    }
  }

  /** Closes all connections. */
  close(): void {
    this.#agent.destroy();
  }

  async #post(body: Uint8Array, signal: AbortSignal): Promise<Answer> {
    const { timeoutMs } = this.#target;
    const late = (): Error => new SinkUnavailable('timeout', `no answer within ${timeoutMs} ms`);
    try {
      return await bounded({ until: [signal], timeoutMs, late, abandon: true }, (inner) =>
        this.#exchange(body, inner),
      );
    } catch (error) {
      if (error instanceof SinkUnavailable) throw error;
      if (signal.aborted) {
        throw new SinkUnavailable('timeout', 'request aborted: the daemon is ending');
      }
      const words = this.#redacted(errorMessage(error));
      throw new SinkUnavailable('unreachable', `the collector cannot be reached: ${words}`);
    }
  }

  #exchange(body: Uint8Array, signal: AbortSignal): Promise<Answer> {
    const send = isSecure(this.#target) ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = send(this.#target.url, {
        method: 'POST',
        agent: this.#agent,
        signal,
        headers: {
          'content-type': 'application/json',
          'content-encoding': 'gzip',
          'content-length': body.length,
          ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
        },
      });
      request.on('error', reject);
      request.on('response', (response) => {
        readAnswer(response).then(resolve, reject);
      });
      request.end(body);
    });
  }

  /** A message on one line, of bounded length and without the token. */
  #redacted(text: string): string {
    const plain = this.#token === undefined ? text : text.replaceAll(this.#token, '***');
    const line = plain.replaceAll(/\s+/g, ' ').trim();
    if (line === '') return 'nothing';
    return line.length > MAX_MESSAGE ? `${line.slice(0, MAX_MESSAGE)}...` : line;
  }
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  let text = '';
  response.setEncoding('utf8');
  for await (const part of response) {
    if (text.length < MAX_ANSWER) text += String(part);
  }
  return { status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'], text };
}

function isSecure({ url }: CollectorTarget): boolean {
  return url.startsWith('https:');
}
