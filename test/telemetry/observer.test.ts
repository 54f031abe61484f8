import assert from 'node:assert/strict';
import type { Tick } from '../../engine/model/tick.ts';
import { HostWatch } from '../../telemetry/host-watch.ts';
import { Observer } from '../../telemetry/observer.ts';
import { FakeBackend } from '../support/fake-backend.ts';
import { FakeFlowSource, FakeHost, FakePorts, hang } from '../support/fake-sources.ts';
import { flowId } from '../support/flows.ts';
import { ManualClock } from '../support/manual-clock.ts';

class Rig {
  readonly clock = new ManualClock();
  readonly flows = new FakeFlowSource();
  readonly ports = new FakePorts();
  readonly backend = new FakeBackend();
  readonly signal = new AbortController().signal;
  readonly observer: Observer;

  constructor() {
    const { clock, ports } = this;
    this.observer = new Observer({
      flows: this.flows,
      ports,
      host: new HostWatch({ host: new FakeHost(), ports, clock, periodMs: 1000, timeoutMs: 20 }),
      backends: [this.backend],
      clock,
      period: { periodMs: 250, maxPeriodMs: 5000, sourceShare: 0.05 },
      timeoutMs: 20,
      smoothingMs: 1000,
    });
  }

  tick(): Promise<Tick> {
    this.clock.advance(250);
    return this.observer.observe(this.signal);
  }
}

describe('observer', () => {
  it('makes a fresh tick of sources that answer', async () => {
    const rig = new Rig();
    rig.flows.flows = [{ n: 1, packets: 1, bytes: 100 }];
    const tick = await rig.tick();
    assert.equal(tick.sequence, 1);
    assert.equal(tick.table.count, 1);
    assert.ok(tick.fresh && tick.flowsFresh);
  });

  for (const fault of ['fail', 'hang'] as const) {
    it(`says that the flows are stale when their source does ${fault}, and comes back`, async () => {
      const rig = new Rig();
      rig.flows.flows = [{ n: 1 }, { n: 2 }];
      await rig.tick();
      rig.flows.fault = fault;
      rig.flows.flows = [{ n: 3 }, { n: 1 }];
      const stale = await rig.tick();
      assert.ok(!stale.fresh && !stale.flowsFresh);
      assert.equal(stale.table.count, 2, 'the flows of the last good reading stay');
      assert.equal(stale.table.rowOf(flowId(3)), -1);
      const source = stale.sources.find((s) => s.name === 'flows');
      assert.equal(source?.failures, 1);
      assert.match(source?.error ?? '', fault === 'fail' ? /closed/ : /20 ms/);
      rig.flows.fault = 'none';
      const fresh = await rig.tick();
      assert.ok(fresh.fresh);
      assert.equal(fresh.table.count, 2);
    });
  }

  it('moves nothing on stale ports or counters, but keeps entries held against the flows', async () => {
    const rig = new Rig();
    rig.ports.step = false;
    const noPorts = await rig.tick();
    assert.ok(noPorts.flowsFresh && !noPorts.fresh);
    rig.ports.step = true;
    rig.backend.counters = (_, signal = rig.signal) => hang(signal);
    const noCounters = await rig.tick();
    assert.ok(noCounters.flowsFresh && !noCounters.fresh);
  });

  it('takes a carried flow as active when its last packet was, as far as the backend knows', async () => {
    const rig = new Rig();
    rig.flows.flows = [{ n: 1 }, { n: 2 }, { n: 3 }];
    const activeMs = async (...idleMs: readonly number[]): Promise<readonly number[]> => {
      rig.backend.counters = async (sink) => {
        for (const [i, idle] of idleMs.entries()) {
          const { w0, w1, w2, w3 } = flowId(i + 1);
          sink.carried(w0, w1, w2, w3, 1, 100, idle);
        }
      };
      // What the vSwitch saw of them is older than all of it.
      rig.flows.idleMs = 1000;
      const { table } = await rig.tick();
      return [1, 2, 3].map((n) => table.traffic.lastActiveMs[table.rowOf(flowId(n))]);
    };
    // A flow that is new was active just now.
    assert.deepEqual(await activeMs(0, 0, 0), [250, 250, 250]);
    assert.deepEqual(await activeMs(100, -1, 0), [400, 500, 500]);
    assert.deepEqual(await activeMs(400, 250, 0.5), [400, 500, 749.5], 'never earlier than it was');
  });

  it('adapts the period to what reading costs the source', async () => {
    const rig = new Rig();
    rig.flows.costMs = 100;
    await rig.tick();
    assert.equal(rig.observer.periodMs, 2000);
  });

  it('asks a source that does not answer in time less and less often, and comes back', async () => {
    const rig = new Rig();
    rig.flows.flows = [{ n: 1 }];
    await rig.tick();
    assert.equal(rig.observer.periodMs, 250);
    rig.flows.fault = 'hang';
    for (let i = 0; i < 8; i++) await rig.tick();
    assert.ok(rig.observer.periodMs > 350, `${rig.observer.periodMs} ms`);
    rig.flows.fault = 'none';
    for (let i = 0; i < 8; i++) await rig.tick();
    assert.equal(rig.observer.periodMs, 250);
  });

  it('learns from a time-out of the source itself, but not from other failures', async () => {
    const rig = new Rig();
    rig.flows.read = () => Promise.reject(new Error('no such socket'));
    await rig.tick();
    assert.equal(rig.observer.periodMs, 250);
    rig.flows.read = () =>
      Promise.reject(Object.assign(new Error('no whole reply'), { waitedMs: 100 }));
    await rig.tick();
    assert.equal(rig.observer.periodMs, 2000);
  });

  it('rejects when it is told to stop', async () => {
    const rig = new Rig();
    rig.flows.fault = 'hang';
    rig.flows.flows = [{ n: 1 }];
    const controller = new AbortController();
    const pending = rig.observer.observe(controller.signal);
    controller.abort(new Error('stop'));
    await assert.rejects(pending, /stop/);
  });
});
