import assert from 'node:assert/strict';
import { NEVER, Subject } from 'rxjs';
import { IdleReadings } from '../../daemon/idle-readings.ts';
import { FlowTable } from '../../engine/model/flow-table.ts';
import type { NodeState } from '../../engine/model/tick.ts';
import { FakeBackend } from '../support/fake-backend.ts';
import { anyFrom, flowId, outputTo } from '../support/flows.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { planOf } from '../support/plans.ts';

/** {@link IdleReadings} in simulated time. */
class Rig {
  readonly clock = new ManualClock();
  readonly backend = new FakeBackend();
  readonly samples = new Subject<NodeState>();
  readonly ports = { isConnected: true, connected: (): boolean => this.ports.isConnected };
  quietMs: number | undefined;
  verified = 0;
  wakes = 0;
  lateChanges = 0;
  readonly readings = new IdleReadings({
    observer: {
      lastCost: { sourceMs: 30, flows: 2_000, skipped: 0, firstSkipped: undefined },
      setQuiet: (quietMs) => (this.quietMs = quietMs),
    },
    host: { loads: () => NEVER, samples: this.samples },
    ports: this.ports,
    backends: [this.backend],
    engine: { verifyEmpty: () => this.verified++ },
    clock: this.clock,
    loadPeriodMs: 250,
  });

  constructor() {
    this.readings.wakes().subscribe(() => this.wakes++);
    this.readings.lateChanges.subscribe(() => this.lateChanges++);
  }

  tick(): void {
    this.readings.beginReading();
    this.readings.endTick({
      permission: { may: 'move' },
      plans: [planOf({ contenders: this.backend.installed.size })],
      held: false,
      endedAtMs: this.clock.now(),
      tick: { fresh: true, table: new FlowTable() },
    });
  }

  rest(): void {
    for (let i = 0; i < 8; i++) this.tick();
  }

  sampleHost(): void {
    this.samples.next({ hostCpu: undefined, portLoad: new Map() });
  }
}

describe('idle readings', () => {
  let rig: Rig;
  beforeEach(() => (rig = new Rig()));

  it('verify empty backends while the loop rests and changes of ports are reported', () => {
    rig.sampleHost();
    assert.equal(rig.verified, 0, 'not idle');
    rig.rest();
    rig.sampleHost();
    assert.equal(rig.verified, 1);
    rig.ports.isConnected = false;
    rig.sampleHost();
    rig.ports.isConnected = true;
    rig.readings.beginReading();
    rig.sampleHost();
    assert.equal(rig.verified, 1);
  });

  it('end for a new flow, within a budget that fills again', () => {
    assert.equal(rig.readings.flowAppeared(), true, 'not idle');
    assert.equal(rig.wakes, 0);
    rig.rest();
    assert.equal(rig.readings.flowAppeared(), true);
    assert.equal(rig.wakes, 1);
    assert.equal(rig.quietMs, undefined);
    // A reading takes 30 ms, and a wake leads to nine of them.
    rig.rest();
    assert.equal(rig.readings.flowAppeared(), false);
    assert.equal(rig.wakes, 1);
    rig.clock.advance(27_000);
    assert.equal(rig.readings.flowAppeared(), true);
    assert.equal(rig.wakes, 2);
  });

  it('leave changes of rules to the loop, unless it rests', () => {
    assert.equal(rig.readings.rulesChanged(), false);
    rig.rest();
    assert.equal(rig.quietMs, 0);
    rig.readings.beginReading();
    assert.equal(rig.readings.rulesChanged(), false, 'a reading is in progress');
    rig.tick();
    assert.equal(rig.readings.rulesChanged(), true);
    assert.deepEqual([rig.quietMs, rig.wakes], [undefined, 1]);
  });

  it('report a change of rules again when entries are installed right after it', () => {
    rig.rest();
    rig.readings.rulesChanged();
    rig.clock.advance(200);
    rig.tick();
    assert.equal(rig.lateChanges, 0, 'there is no entry');
    const flow = { id: flowId(1), match: anyFrom('vm1'), actions: outputTo('vm2') };
    rig.backend.installed.set('1', flow);
    rig.tick();
    assert.equal(rig.lateChanges, 1);
    rig.clock.advance(1_000);
    rig.tick();
    assert.equal(rig.lateChanges, 1, 'the vSwitch has applied it long ago');
  });
});
