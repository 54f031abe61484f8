import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { Config } from '../../config/config.ts';
import { Loop } from '../../daemon/loop.ts';
import { Accountant } from '../../telemetry/accounts/accountant.ts';
import { Metrics } from '../../telemetry/prometheus/metrics.ts';
import { RequestedPlacement } from '../../engine/model/flow.ts';
import type { ChangeMonitor } from '../../engine/ports/change-monitor.ts';
import type { BackendCapabilities, CounterSink } from '../../engine/ports/offload-backend.ts';
import { FakeBackend } from '../support/fake-backend.ts';
import { FakeFlowSource, FakeHost, FakePorts } from '../support/fake-sources.ts';
import { ScriptEvaluator } from '../support/script-evaluator.ts';

/** Time that has passed for the loop, and not for timers, ms. */
let skippedMs = 0;
const CLOCK = { now: () => performance.now() + skippedMs };

const CONFIG: Pick<Config, 'poll' | 'planner'> = {
  poll: {
    periodMs: 10,
    maxPeriodMs: 100,
    maxIdlePeriodMs: 100,
    sourceShare: 0.5,
    samplePeriodMs: 0,
    timeoutMs: 30,
  },
  planner: { minHoldMs: 0, operationsPerSecond: 1e6, burst: 1e6 },
};

class LeasedBackend extends FakeBackend {
  closed: string | undefined;
  failStarts = 0;
  started = 0;

  /** Each entry carries a packet between two readings. */
  override counters(sink: CounterSink): Promise<void> {
    for (const { id } of this.installed.values()) {
      sink.carried(id.w0, id.w1, id.w2, id.w3, 1, 100, 0);
    }
    return Promise.resolve();
  }

  override start(): Promise<void> {
    if (this.failStarts-- > 0) return Promise.reject(new Error('no such device'));
    this.started++;
    return Promise.resolve();
  }

  override close(how = 'keep'): Promise<void> {
    this.closed = how;
    return Promise.resolve();
  }
}

/** A backend for the fast path. */
class FastPath extends LeasedBackend {
  override readonly name = 'fast';
  lost: (() => void) | undefined;

  override capabilities(): BackendCapabilities {
    return { ...super.capabilities(), placement: 'fast-path' };
  }

  onLost(listener: () => void): () => void {
    this.lost = listener;
    return () => (this.lost = undefined);
  }
}

/** A change monitor that a test triggers. */
class FakeChanges implements ChangeMonitor {
  readonly name = 'changes';
  started = false;
  notify: () => void = () => undefined;

  subscribe(listener: () => void): () => void {
    this.notify = listener;
    return () => (this.notify = () => undefined);
  }

  start(): void {
    this.started = true;
  }

  active(): boolean {
    return this.started;
  }

  problem(): string | undefined {
    return undefined;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class Rig {
  readonly flows = new FakeFlowSource();
  readonly ports = new FakePorts();
  readonly host = new FakeHost();
  readonly backend = new LeasedBackend();
  readonly fast = new FastPath();
  readonly changes = new FakeChanges();
  readonly accountant = new Accountant();
  readonly metrics = new Metrics({
    version: 'test',
    backends: [this.backend, this.fast],
    accounts: this.accountant.accounts,
    clock: CLOCK,
  });
  readonly evaluator = new ScriptEvaluator();
  readonly #poll = { ...CONFIG.poll };
  readonly loop = new Loop({
    config: { ...CONFIG, poll: this.#poll },
    node: {
      description: 'a test',
      flows: this.flows,
      ports: this.ports,
      host: this.host,
      backends: [this.backend, this.fast],
      changes: this.changes,
      close: () => Promise.resolve(),
    },
    evaluator: this.evaluator,
    clock: CLOCK,
    log: pino({ level: 'silent' }),
    accountant: this.accountant,
    metrics: this.metrics,
  });

  /** Sets the limits of the loop's period: in general, and when it has been idle for long. */
  allowPeriod(maxPeriodMs: number, maxIdlePeriodMs = maxPeriodMs): void {
    this.#poll.maxPeriodMs = maxPeriodMs;
    this.#poll.maxIdlePeriodMs = maxIdlePeriodMs;
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    for (let i = 0; i < 200; i++) {
      if (condition()) return;
      await sleep(10);
    }
    assert.fail(`${what}: not within 2 s`);
  }
}

describe('loop', () => {
  let rig: Rig;
  beforeEach(() => (rig = new Rig()));
  afterEach(() => rig.loop.stop('keep'));

  it('offloads, renews the lease, and shows it in the metrics', async () => {
    rig.flows.flows = [{ n: 1, packets: 5, bytes: 500 }];
    rig.loop.start();
    await rig.until('offloaded', () => rig.backend.installed.size === 1);
    await rig.until('lease', () => rig.backend.leases > 0);
    // Traffic from before the daemon's start is not counted.
    rig.flows.flows = [{ n: 1, packets: 9, bytes: 900 }];
    const sequence = rig.loop.lastReport?.tick.sequence ?? 0;
    await rig.until('ticks', () => (rig.loop.lastReport?.tick.sequence ?? 0) > sequence + 1);
    const { text } = await rig.metrics.expose();
    assert.match(text, /norikae_flows\{placement="offload"\} 1/);
    assert.match(text, /norikae_traffic_bytes_total\{path="vswitch"\} 400/);
    assert.match(
      text,
      /norikae_lease_renewals_total\{[^}]*backend="fake",result="renewed"\} [1-9]/,
    );
    assert.match(text, /norikae_operations_total\{[^}]*outcome="installed"\} 1/);
  });

  it('shows what a source could not do, until it can again', async () => {
    rig.flows.note = 'too many flows changed';
    rig.loop.start();
    const noteOf = () =>
      rig.loop.lastReport?.tick.sources.find(({ name }) => name === 'flows')?.note;
    await rig.until('note', () => noteOf() === 'too many flows changed');
    rig.flows.note = undefined;
    await rig.until('no note', () => noteOf() === undefined);
    const { text } = await rig.metrics.expose();
    assert.match(text, /norikae_source_pauses_total\{[^}]*source="flows"\} [1-9]/);
    assert.match(text, /norikae_source_pauses_total\{[^}]*source="ports"\} 0/);
  });

  it('renews no lease while the vSwitch cannot be read, and resumes afterwards', async () => {
    rig.flows.flows = [{ n: 1 }];
    rig.loop.start();
    await rig.until('lease', () => rig.backend.leases > 0);
    rig.flows.fault = 'fail';
    // A lease, two periods, and a margin.
    await sleep(1_300);
    const leases = rig.backend.leases;
    await sleep(600);
    assert.equal(rig.backend.leases, leases);
    rig.flows.fault = 'none';
    await rig.until('lease again', () => rig.backend.leases > leases);
  });

  it('retries the start of a backend, and does not use the backend until then', async () => {
    rig.backend.failStarts = 1;
    rig.flows.flows = [{ n: 1 }];
    rig.loop.start();
    await rig.until('a tick', () => rig.loop.lastReport !== undefined);
    await sleep(50);
    assert.match(rig.loop.error ?? '', /no such device/);
    assert.equal(rig.backend.log.length, 0);
    assert.equal(rig.backend.leases, 0);
    await rig.until('started', () => rig.backend.installed.size === 1);
    assert.equal(rig.loop.error, undefined);
  });

  it('renews no lease while the backend cannot remove a stale entry', async () => {
    rig.flows.flows = [{ n: 1 }];
    rig.loop.start();
    await rig.until('lease', () => rig.backend.leases > 0);
    rig.backend.refuse = () => ({ code: 'device-error', detail: 'EIO' });
    rig.flows.flows = [];
    await sleep(1_300);
    const leases = rig.backend.leases;
    await sleep(600);
    assert.equal(rig.backend.leases, leases);
  });

  it('continues after a failed tick', async () => {
    rig.flows.flows = [{ n: 1 }];
    rig.backend.breakWith = new Error('the device is gone');
    rig.loop.start();
    await rig.until('offloaded', () => rig.backend.installed.size === 1);
  });

  it('closes a backend that starts during the stop', async () => {
    let up: () => void = () => undefined;
    rig.backend.start = () => new Promise((resolve) => (up = resolve));
    rig.loop.start();
    await sleep(20);
    const stopped = rig.loop.stop('withdraw');
    up();
    await stopped;
    assert.equal(rig.backend.closed, 'withdraw');
  });

  it('continues when a listener fails', async () => {
    rig.loop.onTick(() => {
      throw new Error('the screen is gone');
    });
    rig.loop.start();
    await rig.until('ticks', () => (rig.loop.lastReport?.tick.sequence ?? 0) > 2);
  });

  for (const how of ['withdraw', 'keep'] as const) {
    it(`closes the backend with ${how}`, async () => {
      rig.loop.start();
      await rig.until('started', () => rig.loop.started);
      await rig.loop.stop(how);
      assert.equal(rig.backend.closed, how);
    });
  }

  it('places each flow in the backend that its rule requests, and renews both leases', async () => {
    rig.flows.flows = [{ n: 1 }, { n: 2 }];
    rig.evaluator.requested = (row) => ({
      requested: row === 0 ? RequestedPlacement.fastPath : RequestedPlacement.offload,
      score: 1,
    });
    rig.loop.start();
    await rig.until('both', () => rig.backend.log.length > 0 && rig.fast.log.length > 0);
    assert.deepEqual([rig.fast.log, rig.backend.log], [['put 1'], ['put 2']]);
    await rig.until('leases', () => rig.backend.leases > 0 && rig.fast.leases > 0);
    assert.deepEqual(rig.loop.lastReport?.flows, [0, 1, 1]);
  });

  it("renews one backend's lease while the other does not answer", async () => {
    rig.fast.renewLease = () => new Promise(() => undefined);
    rig.loop.start();
    await rig.until('leases', () => rig.backend.leases >= 3);
  });

  it('queries the entries that a backend removed by itself', async () => {
    rig.flows.flows = [{ n: 1 }];
    rig.evaluator.requested = () => ({ requested: RequestedPlacement.fastPath, score: 1 });
    rig.loop.start();
    await rig.until('placed', () => rig.fast.installed.size === 1);
    let queries = 0;
    rig.fast.portsChanged = () => {
      queries++;
      return Promise.resolve([]);
    };
    rig.fast.lost?.();
    await rig.until('queried', () => queries === 1);
  });

  it('reads flows when the configuration of the vSwitch changes', async () => {
    rig.loop.start();
    await rig.until('a tick', () => rig.loop.lastReport !== undefined);
    const { reads } = rig.flows;
    rig.ports.switchChanged();
    await rig.until('a reading', () => rig.flows.reads > reads);
  });

  it('renews no lease while changes of ports are not reported', async () => {
    rig.flows.flows = [{ n: 1 }];
    rig.loop.start();
    await rig.until('lease', () => rig.backend.leases > 0);
    rig.ports.reporting = false;
    await sleep(1_300);
    const { leases } = rig.backend;
    await sleep(400);
    assert.equal(rig.backend.leases, leases);
  });

  it('reads flows when the monitor reports a rule change', async () => {
    rig.loop.start();
    await rig.until('a tick', () => rig.loop.lastReport !== undefined);
    assert.ok(rig.changes.started);
    const { reads } = rig.flows;
    rig.changes.notify();
    await rig.until('a reading', () => rig.flows.reads > reads);
  });

  it('reads flows less often while none has or could get an entry, until traffic begins', async () => {
    rig.evaluator.requested = () => ({ requested: RequestedPlacement.none, score: 0 });
    rig.flows.flows = [{ n: 1, packets: 5, bytes: 500 }];
    rig.loop.start();
    await rig.until('idle', () => rig.loop.periodMs === 80);
    const before = rig.flows.reads;
    await sleep(400);
    assert.ok(rig.flows.reads - before <= 6, `${rig.flows.reads - before} readings in 400 ms`);
    rig.evaluator.requested = () => ({ requested: RequestedPlacement.offload, score: 1 });
    await rig.until('offloaded', () => rig.backend.installed.size === 1);
    assert.equal(rig.loop.periodMs, 10);
  });

  it('keeps the lease of an empty backend while it is idle, without reading the flows', async () => {
    rig.evaluator.requested = () => ({ requested: RequestedPlacement.none, score: 0 });
    rig.flows.flows = [{ n: 1, packets: 5, bytes: 500 }];
    rig.allowPeriod(60_000);
    rig.loop.start();
    await rig.until('idle', () => rig.loop.periodMs === 80);
    rig.flows.costMs = 10_000;
    await rig.until('a long period', () => rig.loop.periodMs > 10_000);
    const { reads } = rig.flows;
    const { leaseMs } = rig.backend.capabilities();
    await sleep(2.5 * leaseMs);
    assert.equal(rig.flows.reads, reads);
    const { verifiedAtMs = -Infinity } = rig.loop.engine.verificationOf(rig.backend) ?? {};
    assert.ok(CLOCK.now() - verifiedAtMs < 1.5 * leaseMs, `${CLOCK.now() - verifiedAtMs} ms ago`);
  });

  const ENDS_OF_IDLE_TIME: Readonly<Record<string, () => void>> = {
    'a port receives more': () => {
      const port = { rxBytes: 1e6, txBytes: 0, rxPackets: 1_000, txPackets: 0 };
      rig.host.sample = { ...rig.host.sample, ports: new Map([['vm1', port]]) };
    },
    'the policies are reloaded, or a hold is released': () => rig.loop.wake(),
    'the ports change': () => rig.ports.portsChanged(),
    'the configuration of the vSwitch changes': () => rig.ports.switchChanged(),
    'its rules change': () => rig.changes.notify(),
    'a flow appears': () => rig.flows.reportNewFlow(),
  };
  for (const [what, happens] of Object.entries(ENDS_OF_IDLE_TIME)) {
    it(`reads flows rarely after a long idle time, and at once when ${what}`, async () => {
      const silent = { rxBytes: 0, txBytes: 0, rxPackets: 0, txPackets: 0 };
      rig.host.sample = { ...rig.host.sample, ports: new Map([['vm1', silent]]) };
      rig.evaluator.requested = () => ({ requested: RequestedPlacement.none, score: 0 });
      rig.flows.flows = [{ n: 1, packets: 5, bytes: 500 }];
      rig.flows.costMs = 10;
      rig.allowPeriod(40, 60_000);
      rig.loop.start();
      await rig.until('idle', () => rig.loop.periodMs === 40);
      skippedMs += 120_000;
      await rig.until('a long period', () => rig.loop.periodMs > 5_000);
      const { reads } = rig.flows;
      await sleep(100);
      assert.equal(rig.flows.reads, reads);
      happens();
      await rig.until('a reading', () => rig.flows.reads > reads);
      await rig.until('the usual period', () => rig.loop.periodMs < 40);
    });
  }
});
