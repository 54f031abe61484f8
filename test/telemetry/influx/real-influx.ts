import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../support/free-port.ts';

/** A row of an answer by column; times are RFC 3339 with a variable number of digits. */
export type Row = Readonly<Record<string, unknown>>;

/** A private influxd on loopback, on free ports, with its data in a temporary folder. */
export class RealInflux {
  readonly url: string;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  /** Credentials of the test's own queries. */
  #authorization: string | undefined;
  readonly #killAtExit = (): void => {
    this.#child?.kill('SIGKILL');
  };

  private constructor(url: string, folder: string) {
    this.url = url;
    this.#folder = folder;
    process.on('exit', this.#killAtExit);
  }

  static async start(options: { readonly auth?: boolean } = {}): Promise<RealInflux> {
    const folder = await mkdtemp(join(tmpdir(), 'norikae-influxd-'));
    const [http, rpc] = await Promise.all([freePort(), freePort()]);
    const influx = new RealInflux(`http://127.0.0.1:${http}`, folder);
    try {
      await writeFile(join(folder, 'influxd.conf'), settings(folder, http, rpc, options.auth));
      await influx.up();
      return influx;
    } catch (error) {
      await influx.remove();
      throw error;
    }
  }

  /** Starts the server with its existing data. */
  async up(): Promise<void> {
    const config = join(this.#folder, 'influxd.conf');
    const child = spawn('influxd', ['-config', config], { stdio: 'ignore' });
    this.#child = child;
    let failure: string | undefined;
    child.once('error', (error) => (failure = error.message));
    child.once('exit', (code) => (failure ??= `it ended with ${code}`));
    for (let tries = 0; tries < 200; tries++) {
      if (failure !== undefined) throw new Error(`influxd does not start: ${failure}`);
      if (await this.#answers()) return;
      await sleep(50);
    }
    throw new Error('influxd does not answer');
  }

  /** Stops the server and keeps its data. */
  async down(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 3_000);
    await ended;
    clearTimeout(late);
  }

  /** Stops the server and deletes its data. */
  async remove(): Promise<void> {
    await this.down();
    process.off('exit', this.#killAtExit);
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Sets the credentials of later queries. */
  login(username: string, password: string): void {
    this.#authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }

  /** Rows of the answer, each with the tags it is grouped by; throws InfluxDB's error. */
  async query(q: string, database = ''): Promise<readonly Row[]> {
    const response = await fetch(`${this.url}/query?db=${encodeURIComponent(database)}`, {
      method: 'POST',
      headers: this.#authorization === undefined ? {} : { authorization: this.#authorization },
      body: new URLSearchParams({ q }),
      signal: AbortSignal.timeout(5_000),
    });
    const answer: Answer = JSON.parse(await response.text());
    const error = answer.error ?? answer.results?.find((r) => r.error !== undefined)?.error;
    if (error !== undefined) throw new Error(error);
    return (answer.results ?? []).flatMap(({ series = [] }) =>
      series.flatMap(({ tags, columns, values = [] }) =>
        values.map((row) => ({
          ...tags,
          ...Object.fromEntries(row.map((value, i) => [columns[i], value])),
        })),
      ),
    );
  }

  async #answers(): Promise<boolean> {
    try {
      const answer = await fetch(`${this.url}/ping`, { signal: AbortSignal.timeout(500) });
      return answer.status === 204;
    } catch {
      return false;
    }
  }
}

interface Answer {
  readonly error?: string;
  readonly results?: readonly {
    readonly error?: string;
    readonly series?: readonly {
      readonly tags?: Row;
      readonly columns: readonly string[];
      readonly values?: readonly (readonly unknown[])[];
    }[];
  }[];
}

function settings(folder: string, http: number, rpc: number, auth = false): string {
  return `
reporting-disabled = true
bind-address = "127.0.0.1:${rpc}"
[meta]
  dir = "${folder}/meta"
[data]
  dir = "${folder}/data"
  wal-dir = "${folder}/wal"
[monitor]
  store-enabled = false
[subscriber]
  enabled = false
[continuous_queries]
  enabled = false
[http]
  bind-address = "127.0.0.1:${http}"
  auth-enabled = ${auth}
  log-enabled = false
`;
}
