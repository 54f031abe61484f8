import assert from 'node:assert/strict';
import { pathOf, pathReasonOf } from '../../engine/model/carriage.ts';
import { Placement } from '../../engine/model/flow.ts';
import { reasonIndex } from '../../engine/model/reason.ts';
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
  it('returns a fresh tick when all sources answer', async () => {
    const rig = new Rig();
    rig.flows.flows = [{ n: 1, packets: 1, bytes: 100 }];
    const tick = await rig.tick();
    assert.equal(tick.sequence, 1);
    assert.equal(tick.table.count, 1);
    assert.ok(tick.fresh && tick.flowsFresh);
  });

  for (const fault of ['fail', 'hang'] as const) {
    it(`reports stale flows while their source does ${fault}, and recovers`, async () => {
      const rig = new Rig();
      rig.flows.flows = [{ n: 1 }, { n: 2 }];
      await rig.tick();
      rig.flows.fault = fault;
      rig.flows.flows = [{ n: 3 }, { n: 1 }];
      const stale = await rig.tick();
      assert.ok(!stale.fresh && !stale.flowsFresh);
      assert.equal(stale.table.count, 2, 'the flows of the last successful reading stay');
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

  it('is not fresh with stale ports or counters, though its flows are', async () => {
    const rig = new Rig();
    rig.ports.synced = false;
    const noPorts = await rig.tick();
    assert.ok(noPorts.flowsFresh && !noPorts.fresh);
    rig.ports.synced = true;
    rig.backend.counters = (_, signal = rig.signal) => hang(signal);
    const noCounters = await rig.tick();
    assert.ok(noCounters.flowsFresh && !noCounters.fresh);
  });

  it('uses the time of the last packet that the backend reports for an offloaded flow', async () => {
    const rig = new Rig();
    rig.flows.flows = [{ n: 1 }, { n: 2 }, { n: 3 }];
    const activeMs = async (...idleMs: readonly number[]): Promise<readonly number[]> => {
      rig.backend.counters = async (sink) => {
        for (const [i, idle] of idleMs.entries()) {
          const { w0, w1, w2, w3 } = flowId(i + 1);
          sink.carried(w0, w1, w2, w3, 1, 100, idle);
        }
      };
      // The vSwitch's last packets of these flows are older.
      rig.flows.idleMs = 1000;
      const { table } = await rig.tick();
      return [1, 2, 3].map((n) => table.traffic.lastActiveMs[table.rowOf(flowId(n))]);
    };
    // A new flow counts as active now.
    assert.deepEqual(await activeMs(0, 0, 0), [250, 250, 250]);
    assert.deepEqual(await activeMs(100, -1, 0), [400, 500, 500]);
    assert.deepEqual(await activeMs(400, 250, 0.5), [400, 500, 749.5], 'never decreases');
  });

  it('shows a flow on the path of a backend without counters as soon as it has an entry', async () => {
    for (const countsTraffic of [true, false]) {
      const rig = new Rig();
      const capabilities = rig.backend.capabilities();
      rig.backend.capabilities = () => ({ ...capabilities, countsTraffic });
      rig.flows.flows = [{ n: 1 }];
      const { table } = await rig.tick();
      const row = table.rowOf(flowId(1));
      assert.equal(pathOf(table, row), Placement.onload);
      table.decision.placement[row] = Placement.offload;
      table.decision.reason[row] = reasonIndex('placed');
      await rig.tick();
      assert.equal(pathOf(table, row), countsTraffic ? Placement.onload : Placement.offload);
      const reason = reasonIndex(countsTraffic ? 'unused' : 'placed');
      assert.equal(pathReasonOf(table, row), reason);
    }
  });

  it('adapts the period to the cost of reading', async () => {
    const rig = new Rig();
    rig.flows.costMs = 100;
    await rig.tick();
    assert.equal(rig.observer.periodMs, 2000);
  });

  it('polls a source that times out less and less often, and recovers', async () => {
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

  it('adapts the period to time-outs of the source itself, but not to other failures', async () => {
    const rig = new Rig();
    rig.flows.read = () => Promise.reject(new Error('no such socket'));
    await rig.tick();
    assert.equal(rig.observer.periodMs, 250);
    rig.flows.read = () =>
      Promise.reject(Object.assign(new Error('no whole reply'), { waitedMs: 100 }));
    await rig.tick();
    assert.equal(rig.observer.periodMs, 2000);
  });

  it('rejects when it is aborted', async () => {
    const rig = new Rig();
    rig.flows.fault = 'hang';
    rig.flows.flows = [{ n: 1 }];
    const controller = new AbortController();
    const pending = rig.observer.observe(controller.signal);
    controller.abort(new Error('stop'));
    await assert.rejects(pending, /stop/);
  });
});
