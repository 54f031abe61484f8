import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../../config/load-config.ts';
import { createDaemon } from '../../../daemon/daemon.ts';
import { type HttpService, startHttpServer } from '../../../server/http/http-server.ts';
import type { Daemon } from '../../../daemon/lifecycle.ts';
import { packageRoot } from '../../../platform/package-root.ts';
import { ownProgram } from '../../support/own-program.ts';
import { loopbackSettings } from '../support/http-settings.ts';
import { recordingLog } from '../../support/quiet-log.ts';

const PHASE_MS = 3_000;

/** Measurements of one phase. */
interface Phase {
  readonly ticks: number;
  /** Medians, ms: tick period and tick duration. */
  readonly periodMs: number;
  readonly elapsedMs: number;
  /** Responses to monitoring, and the slowest one, ms. */
  readonly answers: number;
  readonly slowestMs: number;
}

describe('hostile clients', function () {
  this.timeout(90_000);
  let daemon: Daemon;
  let service: HttpService;
  let hostile: ChildProcess | undefined;
  const keepAlive = new Agent({ keepAlive: true, maxSockets: 1 });

  before(async () => {
    const shipped = await loadConfig(`${packageRoot()}/config/emulated.json`);
    const poll = { ...shipped.poll, periodMs: 100, maxPeriodMs: 100 };
    const config = { ...shipped, poll };
    const { log } = recordingLog();
    daemon = await createDaemon(config, log);
    await daemon.start(new AbortController().signal);
    service = await startHttpServer(loopbackSettings(), daemon, log);
    await sleep(2_000);
  });

  after(async () => {
    hostile?.kill('SIGKILL');
    keepAlive.destroy();
    await service?.close();
    await daemon?.stop();
  });

  it('neither slow the loop nor block monitoring', async function () {
    const before = await phase();
    hostile = attack();
    const ended = once(hostile, 'exit').then(() => ['the clients have exited']);
    const [line]: unknown[] = await Promise.race([once(hostile.stdout ?? hostile, 'data'), ended]);
    assert.equal(String(line), 'ready\n');
    // Node accepts one connection per turn of the event loop: a new one waits for those before it.
    await requestOnNewConnection();
    const during = await phase();
    await requestOnNewConnection();
    hostile.kill('SIGKILL');
    await once(hostile, 'exit');
    await sleep(500);
    const after = await phase();
    const measured = JSON.stringify({ before, during, after }, (_key, value) =>
      typeof value === 'number' ? Math.round(value) : value,
    );
    if (this.test !== undefined) this.test.title += ` ${measured}`;

    // The clients and other processes need CPU, too. The bounds are the values without clients plus
    // a tolerance that is small compared with the cost of any one kind of client without limits.
    const baseline = (key: keyof Phase): number => Math.max(before[key], after[key]);
    assert.ok(during.periodMs <= 1.25 * baseline('periodMs') + 20, measured);
    assert.ok(during.elapsedMs <= 2 * baseline('elapsedMs') + 10, measured);
    assert.ok(during.ticks >= 0.75 * Math.min(before.ticks, after.ticks), measured);
    assert.ok(during.answers >= 4, measured);
    assert.ok(during.slowestMs <= 2_000 + 2 * baseline('slowestMs'), measured);
  });

  async function requestOnNewConnection(): Promise<void> {
    assert.equal(await statusOf('healthz', false), 200);
  }

  function statusOf(path: string, agent: Agent | false): Promise<number> {
    return new Promise((resolve, reject) => {
      get(`${service.url}${path}`, { agent }, (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
      }).on('error', reject);
    });
  }

  function attack(): ChildProcess {
    const { port } = new URL(service.url);
    const args = [...ownProgram('test/server/support/hostile-clients'), port];
    return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  /** Measures ticks, and requests what a service manager and Prometheus request. */
  async function phase(): Promise<Phase> {
    const [ticks, answers] = await Promise.all([measureTicks(), scrape()]);
    return { ...ticks, ...answers };
  }

  async function measureTicks(): Promise<Pick<Phase, 'ticks' | 'periodMs' | 'elapsedMs'>> {
    const at: number[] = [];
    const elapsed: number[] = [];
    const end = daemon.view.onTick(() => {
      at.push(performance.now());
      elapsed.push(daemon.view.status().tick.elapsedMs);
    });
    await sleep(PHASE_MS);
    end();
    const periods = at.slice(1).map((ms, i) => ms - at[i]);
    return {
      ticks: at.length,
      periodMs: median(periods),
      elapsedMs: median(elapsed),
    };
  }

  /** Like Prometheus, on a persistent connection. */
  async function scrape(): Promise<Pick<Phase, 'answers' | 'slowestMs'>> {
    const end = performance.now() + PHASE_MS;
    let answers = 0;
    let slowestMs = 0;
    while (performance.now() < end) {
      for (const path of ['healthz', 'metrics']) {
        const startMs = performance.now();
        assert.equal(await statusOf(path, keepAlive), 200, path);
        slowestMs = Math.max(slowestMs, performance.now() - startMs);
        answers++;
      }
      await sleep(200);
    }
    return { answers, slowestMs };
  }
});

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
