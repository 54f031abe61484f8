import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { escape } from 'influx';
import { Pool, type IPoolRequestOptions, RequestError } from 'influx/lib/src/pool.js';
import { droppedPoints, statementError, serverMessage } from './answers.ts';
import { retryAfterOf } from '../shipping/retry-after.ts';
import { InfluxStatementFailed } from './errors.ts';
import { SinkRefused, SinkUnavailable } from '../shipping/errors.ts';
import { bounded } from '../../async/bounded.ts';
import { errorMessage } from '../../text/error-message.ts';

/** Address of an InfluxDB server, and the database on it. */
export interface InfluxTarget {
  /** `http:` or `https:`, with a path if InfluxDB is behind a proxy; without credentials. */
  readonly url: string;
  /** Database (1.x), or the name that is mapped to a bucket (2.x). */
  readonly database: string;
  /** Retention policy to write to; undefined: the database's default. */
  readonly retentionPolicy?: string | undefined;
  /** Time-out of one request, from the name lookup to the end of the answer, ms. */
  readonly timeoutMs: number;
  /** PEM of the trusted certificate authorities; undefined: those of Node. */
  readonly ca?: string | undefined;
}

/** How requests authenticate. */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: string };

/** Maximum length of a server's message, characters; longer ones are cut. */
const MAX_MESSAGE = 400;

/**
 * InfluxDB's HTTP API: writes to `/write` of 1.x, which 2.x also serves, and statements of 1.x. Uses
 * the request pool of the `influx` package for one host. The pool's retries and its blocking of
 * failed hosts are off, because the writer decides when to retry.
 */
export class InfluxClient {
  readonly #target: InfluxTarget;
  readonly #pool: Pool;
  readonly #agent: HttpAgent;
  #credentials: Credentials = { kind: 'none' };

  constructor(target: InfluxTarget) {
    this.#target = target;
    const url = new URL(target.url);
    const secure = url.protocol === 'https:';
    const agentOptions = { keepAlive: true, maxSockets: 1 };
    this.#agent = secure
      ? new HttpsAgent({ ...agentOptions, ca: target.ca })
      : new HttpAgent(agentOptions);
    this.#pool = new Pool({
      maxRetries: 0,
      // Limits silence on the socket only; `#request` limits the whole request.
      requestTimeout: target.timeoutMs,
      backoff: NO_BACKOFF,
    });
    const path = url.pathname.replace(/\/+$/, '');
    const port = url.port === '' ? (secure ? 443 : 80) : url.port;
    this.#pool.addHost(`${url.protocol}//${url.hostname}:${port}${path}`, { agent: this.#agent });
  }

  /** Sets the credentials of all later requests. */
  setCredentials(credentials: Credentials): void {
    this.#credentials = credentials;
  }

  /**
   * Writes lines of the line protocol, with times in ns.
   *
   * @throws {SinkUnavailable} when the same lines may be sent again
   * @throws {SinkRefused} when all or some of them must not be sent again
   */
  async write(lines: readonly string[], signal: AbortSignal): Promise<void> {
    const { database, retentionPolicy } = this.#target;
    await this.#request(
      {
        method: 'POST',
        path: '/write',
        query: { db: database, ...(retentionPolicy === undefined ? {} : { rp: retentionPolicy }) },
        body: lines.join('\n'),
      },
      signal,
      (options) => this.#pool.discard(options),
    );
  }

  /**
   * Creates the database if it does not exist (1.x).
   *
   * @throws {SinkUnavailable} when the request fails
   * @throws {InfluxStatementFailed} when InfluxDB rejects the statement
   */
  async createDatabase(signal: AbortSignal): Promise<void> {
    await this.#statement(`CREATE DATABASE ${escape.quoted(this.#target.database)}`, signal);
  }

  /**
   * Creates the retention policy if it does not exist (1.x).
   *
   * @param duration in InfluxDB's syntax, such as `30d`
   * @returns false if one of that name exists with another duration, which stays unchanged
   * @throws {SinkUnavailable} when the request fails
   * @throws {InfluxStatementFailed} when InfluxDB rejects the statement
   */
  async createRetentionPolicy(
    name: string,
    duration: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    const on = escape.quoted(this.#target.database);
    const statement =
      `CREATE RETENTION POLICY ${escape.quoted(name)} ON ${on} ` +
      `DURATION ${duration} REPLICATION 1`;
    try {
      await this.#statement(statement, signal);
      return true;
    } catch (error) {
      if (!(error instanceof InfluxStatementFailed)) throw error;
      if (!/already exists/.test(error.message)) throw error;
      return false;
    }
  }

  /** Closes all connections. */
  close(): void {
    this.#agent.destroy();
  }

  async #statement(q: string, signal: AbortSignal): Promise<void> {
    const answer: unknown = await this.#request(
      { method: 'POST', path: '/query', query: { q } },
      signal,
      (options) => this.#pool.json(options),
    );
    const problem = statementError(answer);
    if (problem !== undefined) throw new InfluxStatementFailed(`${q}: ${this.#redacted(problem)}`);
  }

  async #request<T>(
    options: IPoolRequestOptions,
    signal: AbortSignal,
    send: (options: IPoolRequestOptions) => Promise<T>,
  ): Promise<T> {
    const { timeoutMs } = this.#target;
    const late = (): Error => new SinkUnavailable('timeout', `no answer within ${timeoutMs} ms`);
    try {
      // The pool's promise never settles if the connection breaks during the answer.
      return await bounded({ until: [signal], timeoutMs, late, abandon: true }, (inner) =>
        send({ ...options, ...authorization(this.#credentials), signal: inner }),
      );
    } catch (error) {
      if (!signal.aborted) throw this.#classified(error);
      throw new SinkUnavailable('timeout', 'request aborted: the daemon is ending');
    }
  }

  /** Turns an error into one of ours. The package's errors hold the request and its credentials. */
  #classified(error: unknown): Error {
    if (error instanceof SinkUnavailable) return error;
    if (!(error instanceof RequestError)) {
      // The pool turns every status from 500 on into "ServiceNotAvailable" and drops the message.
      const busy = error instanceof Error && !('code' in error);
      const words = this.#redacted(errorMessage(error));
      return busy
        ? new SinkUnavailable('busy', `InfluxDB answers "${words}"`)
        : new SinkUnavailable('unreachable', `InfluxDB cannot be reached: ${words}`);
    }
    const { statusCode = 0, headers } = error.res;
    const said = serverMessage(error.message);
    const message = `InfluxDB answers ${statusCode}: ${this.#redacted(said)}`;
    if (statusCode === 400 || statusCode === 413 || statusCode === 422) {
      return new SinkRefused(message, droppedPoints(said));
    }
    if (statusCode === 401 || statusCode === 403) {
      return new SinkUnavailable('unauthorized', message);
    }
    if (statusCode === 404) return new SinkUnavailable('missing', message);
    return new SinkUnavailable('busy', message, retryAfterOf(headers['retry-after']));
  }

  /** A message on one line, of bounded length and without the secret. */
  #redacted(text: string): string {
    const secret = secretOf(this.#credentials);
    const redacted = secret === '' ? text : text.replaceAll(secret, '***');
    const line = redacted.replaceAll(/\s+/g, ' ').trim();
    return line.length > MAX_MESSAGE ? `${line.slice(0, MAX_MESSAGE)}...` : line;
  }
}

/** Keeps the pool's host in use after failed requests. */
const NO_BACKOFF = {
  getDelay: () => 0,
  next: () => NO_BACKOFF,
  reset: () => NO_BACKOFF,
};

function authorization(credentials: Credentials): Partial<IPoolRequestOptions> {
  if (credentials.kind === 'password') {
    return { auth: `${credentials.username}:${credentials.password}` };
  }
  if (credentials.kind === 'token') {
    return { headers: { Authorization: `Token ${credentials.token}` } };
  }
  return {};
}

function secretOf(credentials: Credentials): string {
  if (credentials.kind === 'password') return credentials.password;
  return credentials.kind === 'token' ? credentials.token : '';
}
