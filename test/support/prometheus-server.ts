import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';

const START_MS = 20_000;
const STOP_MS = 5_000;

/** A series in a response: its labels and current value. */
export interface PrometheusSample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A real Prometheus on loopback, with data in a temporary folder. */
export class PrometheusServer {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #folder: string;
  /** Why it ended unexpectedly; undefined: it did not. */
  #failure: string | undefined;
  readonly #killAtExit = (): void => {
    this.#child.kill('SIGKILL');
  };

  private constructor(url: string, child: ChildProcess, folder: string) {
    this.url = url;
    this.#child = child;
    this.#folder = folder;
    child.once('error', (error) => (this.#failure = error.message));
    child.once('exit', (code, signal) => (this.#failure = `it ended with ${signal ?? code}`));
    process.on('exit', this.#killAtExit);
  }

  /**
   * Starts a Prometheus that scrapes `target` (host:port) every second as job `norikae`; `how` is the
   * rest of the job's configuration: TLS, credentials.
   */
  static async start(
    target: string,
    ruleFiles: readonly string[],
    how: Readonly<Record<string, unknown>> = {},
  ): Promise<PrometheusServer> {
    const folder = mkdtempSync(join(tmpdir(), `nk-prometheus-${process.pid}-`));
    const config = join(folder, 'prometheus.yml');
    const jobs = [{ job_name: 'norikae', static_configs: [{ targets: [target] }], ...how }];
    const seconds = { scrape_interval: '1s', evaluation_interval: '1s' };
    // JSON is valid YAML.
    const text = { global: seconds, rule_files: ruleFiles, scrape_configs: jobs };
    writeFileSync(config, JSON.stringify(text));
    const port = await freePort();
    const args = [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ];
    const child = spawn('prometheus', args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const server = new PrometheusServer(`http://127.0.0.1:${port}`, child, folder);
    try {
      await server.#ready();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** Stops it and removes its data. */
  async stop(): Promise<void> {
    if (this.#failure === undefined) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      const late = sleep(STOP_MS, 'late', { ref: false });
      if ((await Promise.race([ended, late])) === 'late') {
        this.#child.kill('SIGKILL');
        await ended;
      }
    }
    process.off('exit', this.#killAtExit);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Evaluates an expression now. @throws when Prometheus refuses it */
  async query(expression: string): Promise<readonly PrometheusSample[]> {
    const data = await this.#get('query', { query: expression });
    return samplesOf(data);
  }

  /** Series of a selector in the last minutes. */
  async series(selector: string): Promise<readonly Readonly<Record<string, string>>[]> {
    const data = await this.#get('series', { 'match[]': selector });
    return Array.isArray(data) ? data.map(labelsOf) : [];
  }

  async #get(path: string, parameters: Readonly<Record<string, string>>): Promise<unknown> {
    const signal = AbortSignal.timeout(10_000);
    const query = new URLSearchParams(parameters).toString();
    const answer = await fetch(`${this.url}/api/v1/${path}?${query}`, { signal });
    const body: unknown = await answer.json();
    if (!isRecord(body) || body.status !== 'success') {
      const asked = Object.values(parameters).join(' ');
      throw new Error(`Prometheus refused ${asked}: ${JSON.stringify(body)}`);
    }
    return body.data;
  }

  async #ready(): Promise<void> {
    const endMs = performance.now() + START_MS;
    while (performance.now() < endMs) {
      if (this.#failure !== undefined) throw new Error(`no prometheus: ${this.#failure}`);
      const signal = AbortSignal.timeout(1_000);
      const answer = await fetch(`${this.url}/-/ready`, { signal }).catch(() => undefined);
      if (answer?.ok === true) return;
      await sleep(100);
    }
    throw new Error(`prometheus is not ready after ${START_MS} ms`);
  }
}

function samplesOf(data: unknown): readonly PrometheusSample[] {
  if (!isRecord(data) || !Array.isArray(data.result)) return [];
  return data.result.map((sample: unknown) => {
    if (!isRecord(sample)) throw new Error('a sample is no object');
    const value = Array.isArray(sample.value) ? sample.value[1] : undefined;
    return { metric: labelsOf(sample.metric), value: Number(value) };
  });
}

function labelsOf(labels: unknown): Readonly<Record<string, string>> {
  if (!isRecord(labels)) return {};
  return Object.fromEntries(Object.entries(labels).map(([k, v]) => [k, String(v)]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
