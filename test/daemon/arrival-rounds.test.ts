import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Loop } from '../../daemon/loop.ts';
import { RequestedPlacement } from '../../engine/model/flow.ts';
import type { FlowTable } from '../../engine/model/flow-table.ts';
import { Accountant } from '../../telemetry/accounts/accountant.ts';
import { Metrics } from '../../telemetry/prometheus/metrics.ts';
import { eventually } from '../support/eventually.ts';
import { FakeBackend } from '../support/fake-backend.ts';
import { FakeFlowSource, FakeHost, FakePorts } from '../support/fake-sources.ts';
import { anyFrom, flowId, outputTo, type Seen } from '../support/flows.ts';
import { ScriptEvaluator } from '../support/script-evaluator.ts';

/** Time that has passed for the loop, and not for timers, ms. */
let skippedMs = 0;
const CLOCK = { now: () => performance.now() + skippedMs };
const PERIOD_MS = 20;
const LONG_MS = 60_000;

/** A source that reads new flows alone. */
class FollowedFlows extends FakeFlowSource {
  /** Undefined: they cannot be read alone. */
  made: readonly Seen[] | undefined = [];
  readsOfNew = 0;

  readNew(table: FlowTable): Promise<boolean> {
    this.readsOfNew++;
    if (this.made === undefined) return Promise.resolve(false);
    for (const { n, packets = 0, bytes = 0 } of this.made) {
      const id = flowId(n);
      const known = table.rowOf(id);
      const row = known >= 0 ? known : table.add(id, anyFrom('vm1'), outputTo('vm2'));
      table.observe(row, packets, bytes, 0);
    }
    return Promise.resolve(true);
  }
}

describe('a loop whose source reads new flows alone', () => {
  let flows: FollowedFlows;
  let backend: FakeBackend;
  let evaluator: ScriptEvaluator;
  let loop: Loop;

  const poll = {
    periodMs: PERIOD_MS,
    maxPeriodMs: PERIOD_MS,
    maxIdlePeriodMs: PERIOD_MS,
    sourceShare: 0.5,
    samplePeriodMs: 0,
    timeoutMs: 1_000,
  };

  function start(): void {
    const accountant = new Accountant();
    const { accounts } = accountant;
    const metrics = new Metrics({ version: '0', backends: [backend], accounts, clock: CLOCK });
    loop = new Loop({
      config: { poll, planner: { minHoldMs: 0, operationsPerSecond: 1e6, burst: 1e6 } },
      node: {
        description: 'a test',
        flows,
        ports: new FakePorts(),
        host: new FakeHost(),
        backends: [backend],
        close: () => Promise.resolve(),
      },
      evaluator,
      clock: CLOCK,
      log: pino({ level: 'silent' }),
      accountant,
      metrics,
    });
    loop.start();
  }

  /** Waits for the entry of the only flow, and then reads all flows rarely. */
  async function startWithEntry(): Promise<void> {
    flows.flows = [{ n: 1, packets: 5, bytes: 500 }];
    start();
    await eventually('the first entry', () => backend.installed.size === 1);
    poll.periodMs = LONG_MS;
    poll.maxPeriodMs = LONG_MS;
    await eventually('a long period', () => loop.periodMs === LONG_MS);
  }

  beforeEach(() => {
    poll.periodMs = PERIOD_MS;
    poll.maxPeriodMs = PERIOD_MS;
    poll.maxIdlePeriodMs = PERIOD_MS;
    flows = new FollowedFlows();
    backend = new FakeBackend();
    evaluator = new ScriptEvaluator();
  });
  afterEach(() => loop.stop('keep'));

  it('places one once packets of it are counted, without reading the others', async () => {
    await startWithEntry();
    const { reads } = flows;
    flows.made = [{ n: 2 }];
    flows.reportNewFlow();
    await eventually('two readings of it', () => flows.readsOfNew >= 2);
    assert.equal(backend.installed.size, 1);
    const placed = new Promise<void>((resolve) => loop.onPlaced(resolve));
    flows.made = [{ n: 2, packets: 3, bytes: 300 }];
    await placed;
    assert.equal(backend.installed.size, 2);
    assert.equal(flows.reads, reads);
    assert.equal(loop.table.count, 2);
  });

  it('reads all flows when it cannot read them alone', async () => {
    await startWithEntry();
    flows.made = undefined;
    flows.flows = [...flows.flows, { n: 2, packets: 3, bytes: 300 }];
    flows.reportNewFlow();
    await eventually('the second entry', () => backend.installed.size === 2);
    assert(flows.readsOfNew >= 1);
  });

  it('ends its idle time when it has placed one', async () => {
    evaluator.requested = (row) => ({
      requested: row === 0 ? RequestedPlacement.none : RequestedPlacement.offload,
      score: row,
    });
    flows.flows = [{ n: 1, packets: 5, bytes: 500 }];
    flows.costMs = 10;
    poll.maxIdlePeriodMs = LONG_MS;
    start();
    await eventually('idle', () => loop.periodMs > 20);
    skippedMs += 120_000;
    await eventually('a long period', () => loop.periodMs > 5_000);
    await sleep(100);
    const { reads } = flows;
    flows.made = [{ n: 2, packets: 3, bytes: 300 }];
    flows.flows = [...flows.flows, { n: 2, packets: 3, bytes: 300 }];
    flows.reportNewFlow();
    await eventually('the entry', () => backend.installed.size === 1);
    await eventually('readings of all flows', () => flows.reads > reads + 2);
    assert.deepEqual(
      [...backend.installed.values()].map(({ id }) => id.w3),
      [2],
    );
  });
});
