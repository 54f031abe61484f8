import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FlowTable } from '../../engine/model/flow-table.ts';
import { estimateFirstRates } from '../../telemetry/first-rates.ts';
import { updateRates } from '../../telemetry/rates.ts';
import { anyFrom, flowId, outputTo } from '../support/flows.ts';

const TAU_MS = 1_000;
const MAX_FLOWS = 4;

interface Flow {
  packets: number;
  /** When its last packet was counted, ms; undefined: none was. */
  usedMs: number | undefined;
}

type Step =
  | { readonly kind: 'make' | 'end'; readonly n: number }
  | { readonly kind: 'send'; readonly n: number; readonly packets: number }
  | { readonly kind: 'partial'; readonly of: readonly number[] }
  | { readonly kind: 'full' };

const FLOW = fc.nat({ max: MAX_FLOWS - 1 });
const STEP: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('make' as const), n: FLOW }),
  { arbitrary: fc.record({ kind: fc.constant('end' as const), n: FLOW }), weight: 1 },
  {
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      n: FLOW,
      packets: fc.integer({ min: 1, max: 1_000 }),
    }),
    weight: 3,
  },
  {
    arbitrary: fc.record({ kind: fc.constant('partial' as const), of: fc.array(FLOW) }),
    weight: 3,
  },
  { arbitrary: fc.record({ kind: fc.constant('full' as const) }), weight: 2 },
);

/** A vSwitch whose flows are read into a table. */
class World {
  readonly table = new FlowTable();
  readonly flows: ReadonlyMap<number, Flow>;
  /** Packets that the table has counted of flows that have left it. */
  left = 0;

  constructor(flows: ReadonlyMap<number, Flow>) {
    this.flows = flows;
  }

  readAll(nowMs: number): void {
    this.table.begin(nowMs);
    for (const n of this.flows.keys()) this.#observe(n, nowMs);
    this.table.end();
    for (const row of this.table.removed) this.left += this.table.traffic.vswitchPackets[row];
    updateRates(this.table, TAU_MS);
  }

  readSome(flows: readonly number[], nowMs: number): Int32Array {
    this.table.beginPartial(nowMs);
    for (const n of flows) if (this.flows.has(n)) this.#observe(n, nowMs);
    return estimateFirstRates(this.table, this.table.endPartial(), nowMs);
  }

  #observe(n: number, nowMs: number): void {
    const { table } = this;
    const flow = this.flows.get(n);
    if (flow === undefined) return;
    let row = table.rowOf(flowId(n));
    if (row < 0) row = table.add(flowId(n), anyFrom('vm1'), outputTo('vm2'));
    const idleMs = flow.usedMs === undefined ? -1 : nowMs - flow.usedMs;
    table.observe(row, flow.packets, flow.packets * 100, idleMs);
  }
}

/** Everything that complete readings have found of a flow. */
function known({ traffic: t, rates: r }: FlowTable, row: number): unknown {
  return {
    packets: t.vswitchPackets[row],
    bytes: t.vswitchBytes[row],
    // Without a packet, it is when the flow was first seen.
    lastActiveMs: t.vswitchPackets[row] > 0 ? t.lastActiveMs[row] : undefined,
    rates: [
      r.bitsPerSecond[row],
      r.packetsPerSecond[row],
      r.lastBitsPerSecond[row],
      r.lastPacketsPerSecond[row],
    ],
    previous: [r.previousBytes[row], r.previousPackets[row], r.countedMs[row], r.primed[row]],
  };
}

describe('partial readings', () => {
  it('leave the counters and rates of complete readings as they are, count nothing twice and lose nothing', () => {
    const run = (steps: readonly Step[]): void => {
      const flows = new Map<number, Flow>();
      const mixed = new World(flows);
      const plain = new World(flows);
      let nowMs = 1_000;
      for (const step of steps) {
        nowMs += 10;
        if (step.kind === 'make' && !flows.has(step.n)) {
          // A flow that was made again must not continue where another ended.
          if (mixed.table.rowOf(flowId(step.n)) >= 0) continue;
          flows.set(step.n, { packets: 0, usedMs: undefined });
        } else if (step.kind === 'end') {
          flows.delete(step.n);
        } else if (step.kind === 'send') {
          const flow = flows.get(step.n);
          if (flow === undefined) continue;
          flow.packets += step.packets;
          flow.usedMs = nowMs;
        } else if (step.kind === 'partial') {
          mixed.readSome(step.of, nowMs);
        } else if (step.kind === 'full') {
          mixed.readAll(nowMs);
          plain.readAll(nowMs);
          check(mixed, plain);
        }
      }
    };
    fc.assert(fc.property(fc.array(STEP, { maxLength: 60, size: 'max' }), run), { numRuns: 500 });
  });

  it('give a new flow the rate since it was made, once packets of it were counted', () => {
    const flows = new Map<number, Flow>();
    const world = new World(flows);
    world.readAll(0);
    world.readAll(1_000);
    flows.set(1, { packets: 0, usedMs: undefined });
    assert.deepEqual([...world.readSome([1], 1_500)], []);
    flows.set(1, { packets: 4, usedMs: 1_540 });
    const [row] = world.readSome([1], 1_540);
    const { rates } = world.table;
    assert.deepEqual([rates.packetsPerSecond[row], rates.bitsPerSecond[row]], [100, 80_000]);
    assert.equal(rates.lastPacketsPerSecond[row], 100);
    assert.equal(world.table.readAtMs, 1_000);
    assert.deepEqual([...world.table.rows.subarray(0, world.table.count)], [row]);
  });

  it('do not take a packet right after the first for a high rate', () => {
    const flows = new Map<number, Flow>([[1, { packets: 0, usedMs: undefined }]]);
    const other = new World(flows);
    other.readAll(0);
    flows.set(2, { packets: 1, usedMs: 100 });
    const [row] = other.readSome([2], 100);
    assert.equal(other.table.rates.packetsPerSecond[row], 50);
  });
});

function check(mixed: World, plain: World): void {
  const [a, b] = [mixed.table, plain.table];
  assert.equal(a.count, b.count);
  const rows = a.rows.subarray(0, a.count);
  assert.deepEqual(rows, rows.toSorted());
  for (const row of rows) {
    const same = b.rowOf(a.idAt(row));
    assert.notEqual(same, -1);
    assert.deepEqual(known(a, row), known(b, same));
  }
  const live = rows.reduce((sum, row) => sum + a.traffic.vswitchPackets[row], 0);
  assert.equal(a.totals.vswitchPackets, live + mixed.left);
  assert.equal(a.readAtMs, b.readAtMs);
}
