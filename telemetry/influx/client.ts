import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { escape } from 'influx';
import { Pool, type IPoolRequestOptions, RequestError } from 'influx/lib/src/pool.js';
import { droppedOf, problemIn, secondsOf, serverWords } from './answers.ts';
import { InfluxRefused, InfluxStatementFailed, InfluxUnavailable } from './errors.ts';
import { bounded } from '../../async/bounded.ts';
import { errorMessage } from '../../text/error-message.ts';

/** Where points go, and as whom. */
export interface InfluxTarget {
  /** `http:` or `https:`, with a path when InfluxDB is behind a proxy; no user, no password. */
  readonly url: string;
  /** Database (1.x), or the name that is mapped to a bucket (2.x). */
  readonly database: string;
  /** Retention policy to write to; undefined: the database's default. */
  readonly retentionPolicy?: string | undefined;
  /** Longest time for one request, from the name look-up to the end of the answer, ms. */
  readonly timeoutMs: number;
  /** PEM of the authorities that may have signed the server's certificate; undefined: Node's. */
  readonly ca?: string | undefined;
}

/** As whom requests are made. */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: string };

/** Most characters of a server's words that are kept. */
const MAX_WORDS = 400;

/**
 * InfluxDB's HTTP API: writes by the 1.x address, which 2.x has, too, and statements of 1.x. Uses
 * the request pool of the `influx` package for one host, with its retries and its blocking of a
 * host that failed turned off: what waits how long is the writer's to decide.
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
      // Silence on the socket; the whole request has a deadline of its own.
      requestTimeout: target.timeoutMs,
      backoff: NO_BACKOFF,
    });
    const path = url.pathname.replace(/\/+$/, '');
    const port = url.port === '' ? (secure ? 443 : 80) : url.port;
    this.#pool.addHost(`${url.protocol}//${url.hostname}:${port}${path}`, { agent: this.#agent });
  }

  /** Makes all later requests as somebody else. */
  use(credentials: Credentials): void {
    this.#credentials = credentials;
  }

  /**
   * Writes lines of the line protocol, with times in ns.
   *
   * @throws {InfluxUnavailable} when they may be sent again
   * @throws {InfluxRefused} when they may not, all or some of them
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
   * Makes the database, if it is not there (1.x).
   *
   * @throws {InfluxUnavailable} when InfluxDB cannot be asked
   * @throws {InfluxStatementFailed} when it says no
   */
  async createDatabase(signal: AbortSignal): Promise<void> {
    await this.#statement(`CREATE DATABASE ${escape.quoted(this.#target.database)}`, signal);
  }

  /**
   * Makes the retention policy, if it is not there (1.x).
   *
   * @param duration in InfluxDB's own form, such as `30d`
   * @returns false when there is one of that name that keeps for another time, which stays
   * @throws {InfluxUnavailable} when InfluxDB cannot be asked
   * @throws {InfluxStatementFailed} when it says no
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

  /** Drops every connection. */
  close(): void {
    this.#agent.destroy();
  }

  async #statement(q: string, signal: AbortSignal): Promise<void> {
    const answer: unknown = await this.#request(
      { method: 'POST', path: '/query', query: { q } },
      signal,
      (options) => this.#pool.json(options),
    );
    const problem = problemIn(answer);
    if (problem !== undefined) throw new InfluxStatementFailed(`${q}: ${this.#words(problem)}`);
  }

  async #request<T>(
    options: IPoolRequestOptions,
    signal: AbortSignal,
    send: (options: IPoolRequestOptions) => Promise<T>,
  ): Promise<T> {
    const { timeoutMs } = this.#target;
    const late = (): Error => new InfluxUnavailable('timeout', `no answer within ${timeoutMs} ms`);
    try {
      // The pool's promise never settles when the connection breaks within the answer.
      return await bounded({ until: [signal], timeoutMs, late, abandon: true }, (inner) =>
        send({ ...options, ...authorization(this.#credentials), signal: inner }),
      );
    } catch (error) {
      if (!signal.aborted) throw this.#named(error);
      throw new InfluxUnavailable('timeout', 'the request was given up: the daemon ends');
    }
  }

  /** The error by what can be done about it. The package's own holds the request: it ends here. */
  #named(error: unknown): Error {
    if (error instanceof InfluxUnavailable) return error;
    if (!(error instanceof RequestError)) {
      // The pool makes "ServiceNotAvailable" of every status from 500 on, and drops what was said.
      const busy = error instanceof Error && !('code' in error);
      const words = this.#words(errorMessage(error));
      return busy
        ? new InfluxUnavailable('busy', `InfluxDB answers "${words}"`)
        : new InfluxUnavailable('unreachable', `InfluxDB cannot be reached: ${words}`);
    }
    const { statusCode = 0, headers } = error.res;
    const said = serverWords(error.message);
    const message = `InfluxDB answers ${statusCode}: ${this.#words(said)}`;
    if (statusCode === 400 || statusCode === 413 || statusCode === 422) {
      return new InfluxRefused(message, droppedOf(said));
    }
    if (statusCode === 401 || statusCode === 403) {
      return new InfluxUnavailable('unauthorized', message);
    }
    if (statusCode === 404) return new InfluxUnavailable('missing', message);
    return new InfluxUnavailable('busy', message, secondsOf(headers['retry-after']));
  }

  /** What the server said: bounded, and without what we said to it in secret. */
  #words(text: string): string {
    const secret = secretOf(this.#credentials);
    const told = secret === '' ? text : text.replaceAll(secret, '***');
    const line = told.replaceAll(/\s+/g, ' ').trim();
    return line.length > MAX_WORDS ? `${line.slice(0, MAX_WORDS)}...` : line;
  }
}

/** The pool's host stays in use whatever happens to a request. */
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
