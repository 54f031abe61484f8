import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Placement, RequestedPlacement } from '../../../engine/model/flow.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import { REASONS } from '../../../engine/model/reason.ts';
import { limitsOf } from '../../../engine/planner/limits.ts';
import type { Plan, TableBudget } from '../../../engine/planner/plan.ts';
import { Planner } from '../../../engine/planner/planner.ts';
import type { ThroughputLimit } from '../../../engine/planner/throughput-limit.ts';
import { portInfo } from '../../policy/fixture.ts';
import { anyFrom, flowId, outputTo } from '../../support/flows.ts';

const NOW = 10_000;
const PORTS: PortSnapshot = new Map([
  ['p0', portInfo({ name: 'p0', kind: 'uplink', linkBitsPerSecond: 1000 })],
  ['p1', portInfo({ name: 'p1', kind: 'uplink', linkBitsPerSecond: 1000 })],
  ['vm1', portInfo({ name: 'vm1' })],
]);
const CAPABILITIES = {
  entries: 10,
  masks: 1,
  leaseMs: 1000,
  heartbeatMs: 1000,
  heartbeatLimitMs: 1000,
  survivesRestart: false,
  reportsLastPacket: true,
  description: 'of a test',
};

interface Flow {
  readonly from: string;
  readonly to: string;
  readonly bits: number;
  readonly placed?: boolean;
}

function tableOf(flows: readonly Flow[], placement: Placement): FlowTable {
  const table = new FlowTable();
  table.begin(0);
  flows.forEach(({ from, to, bits, placed }, n) => {
    const row = table.add(flowId(n), anyFrom(from), outputTo(to));
    table.observe(row, 1, 1, 0);
    table.forecast.worth[row] = bits;
    table.forecast.bitsPerSecond[row] = bits;
    table.forecast.packetsPerSecond[row] = bits / 10;
    table.decision.score[row] = bits;
    table.decision.scoredByWorth[row] = 1;
    table.decision.requested[row] =
      placement === Placement.offload ? RequestedPlacement.offload : RequestedPlacement.fastPath;
    if (placed === true) table.decision.placement[row] = placement;
  });
  table.end();
  return table;
}

function planOf(
  table: FlowTable,
  entries: number,
  limits: readonly ThroughputLimit[],
  placement: typeof Placement.offload | typeof Placement.fastPath,
) {
  const planner = new Planner({ minHoldMs: 0, operations: { perSecond: 1e6, burst: 1e6 } });
  const supports = (): boolean => true;
  return planner.plan(
    table,
    { placement, entries, slices: [], ports: PORTS, limits, supports },
    NOW,
  );
}

/** A planner that may make any number of moves at once. */
function ample(): Planner {
  return new Planner({ minHoldMs: 0, operations: { perSecond: 1e6, burst: 1e6 } });
}

/** The budget of a NIC table without slices. */
function budgetOf(entries: number, limits: readonly ThroughputLimit[]): TableBudget {
  const supports = (): boolean => true;
  return { placement: Placement.offload, entries, slices: [], ports: PORTS, limits, supports };
}

const reason = (table: FlowTable, row: number): string => REASONS[table.decision.reason[row]].code;

describe('throughput limits of a backend', () => {
  it('are those of its ports and the node for a NIC, and its own for a fast path', () => {
    const nic = limitsOf({ ...CAPABILITIES, placement: 'offload' }, PORTS, {
      receiveBitsPerSecond: 1520,
    });
    assert.deepEqual(
      nic.map((l) => [l.name, l.bitsPerSecond, l.hard]),
      [
        ['p0 receive', 1000, false],
        ['p0 send', 1000, false],
        ['p1 receive', 1000, false],
        ['p1 send', 1000, false],
        ['all ports receive', 1520, false],
      ],
    );
    const throughput = { packetsPerSecond: 50, bitsPerSecond: 500 };
    const fast = limitsOf({ ...CAPABILITIES, placement: 'fast-path', throughput }, PORTS, {});
    assert.deepEqual(fast, [
      { name: 'fast-path', scope: { kind: 'all' }, hard: true, ...throughput },
    ]);
  });

  it('of a node apply in both directions, and only NIC ports have limits of their own', () => {
    const ports = new Map([['vm1', portInfo({ name: 'vm1', linkBitsPerSecond: 1000 })]]);
    const node = { receiveBitsPerSecond: 1520, sendBitsPerSecond: 1130 };
    const limits = limitsOf({ ...CAPABILITIES, placement: 'offload' }, ports, node);
    assert.deepEqual(
      limits.map((l) => [l.name, l.scope, l.bitsPerSecond]),
      [
        ['all ports receive', { kind: 'receive' }, 1520],
        ['all ports send', { kind: 'send' }, 1130],
      ],
    );
  });

  it('are counted in each direction, by port and for all ports', () => {
    const directions = fc.record({
      from: fc.constantFrom('p0', 'p1', 'vm1'),
      to: fc.constantFrom('p0', 'p1', 'vm1'),
      bits: fc.integer({ min: 1, max: 50 }).map((n) => n * 10),
    });
    const node = { receiveBitsPerSecond: 600, sendBitsPerSecond: 700 };
    const limits = limitsOf({ ...CAPABILITIES, placement: 'offload' }, PORTS, node);
    fc.assert(
      fc.property(fc.array(directions, { maxLength: 20 }), fc.nat(20), (flows, entries) => {
        const table = tableOf(flows, Placement.offload);
        const plan = planOf(table, entries, limits, Placement.offload);
        const placed = flows.filter((_, n) => plan.install.includes(n));
        for (const { scope, expectedBitsPerSecond } of plan.limits) {
          if (scope.kind === 'all') continue;
          const { kind, port } = scope;
          const end = (f: Flow): string => (kind === 'receive' ? f.from : f.to);
          const limited = placed.filter((f) =>
            port === undefined ? end(f).startsWith('p') : end(f) === port,
          );
          assert.equal(
            expectedBitsPerSecond,
            limited.reduce((sum, f) => sum + f.bits, 0),
          );
        }
      }),
    );
  });

  it('give entries to flows of a port with room before those of a full one', () => {
    const flows = [
      { from: 'p0', to: 'vm1', bits: 800 },
      { from: 'p0', to: 'vm1', bits: 700 },
      { from: 'p1', to: 'vm1', bits: 100 },
    ];
    const limits = limitsOf({ ...CAPABILITIES, placement: 'offload' }, PORTS, {});
    const scarce = tableOf(flows, Placement.offload);
    assert.deepEqual(planOf(scarce, 2, limits, Placement.offload).install, [0, 2]);
    assert.equal(reason(scarce, 1), 'port-bandwidth');
    const ample = tableOf(flows, Placement.offload);
    assert.equal(planOf(ample, 3, limits, Placement.offload).install.length, 3);
  });

  it('apply to the sum of all ports', () => {
    const flows = [
      { from: 'p0', to: 'vm1', bits: 900 },
      { from: 'p1', to: 'vm1', bits: 850 },
      { from: 'vm1', to: 'p1', bits: 100 },
    ];
    const node = { receiveBitsPerSecond: 1100 };
    const limits = limitsOf({ ...CAPABILITIES, placement: 'offload' }, PORTS, node);
    const table = tableOf(flows, Placement.offload);
    assert.deepEqual(planOf(table, 2, limits, Placement.offload).install, [0, 2]);
  });

  describe('of a fast path', () => {
    const throughput = { packetsPerSecond: 1e9, bitsPerSecond: 1000 };
    const limits = limitsOf({ ...CAPABILITIES, placement: 'fast-path', throughput }, PORTS, {});

    it('keep a placed flow up to the limit itself, and place newcomers up to nine tenths', () => {
      const incumbent = tableOf(
        [{ from: 'p0', to: 'vm1', bits: 950, placed: true }],
        Placement.fastPath,
      );
      assert.deepEqual(planOf(incumbent, 10, limits, Placement.fastPath).withdraw, []);
      const newcomer = tableOf([{ from: 'p0', to: 'vm1', bits: 950 }], Placement.fastPath);
      assert.deepEqual(planOf(newcomer, 10, limits, Placement.fastPath).install, []);
      const small = tableOf([{ from: 'p0', to: 'vm1', bits: 890 }], Placement.fastPath);
      assert.deepEqual(planOf(small, 10, limits, Placement.fastPath).install, [0]);
    });

    it('count flows that are held in place', () => {
      const table = tableOf(
        [
          { from: 'p0', to: 'vm1', bits: 600, placed: true },
          { from: 'p0', to: 'vm1', bits: 500 },
        ],
        Placement.fastPath,
      );
      // A rule set its score, and it was moved a moment ago.
      table.decision.scoredByWorth[0] = 0;
      table.decision.placedSinceMs[0] = NOW - 500;
      const planner = new Planner({ minHoldMs: 1000, operations: { perSecond: 1e6, burst: 1e6 } });
      const plan = planner.plan(
        table,
        { ...budgetOf(10, limits), placement: Placement.fastPath },
        NOW,
      );
      assert.deepEqual(plan.install, []);
      assert.equal(reason(table, 1), 'fast-path-capacity');
      assert.equal(plan.limits[0].expectedBitsPerSecond, 600);
    });
  });

  it('of a fast path apply to packets, too', () => {
    const throughput = { packetsPerSecond: 100, bitsPerSecond: 1e9 };
    const limits = limitsOf({ ...CAPABILITIES, placement: 'fast-path', throughput }, PORTS, {});
    const flows = [
      { from: 'p0', to: 'vm1', bits: 600 },
      { from: 'p0', to: 'vm1', bits: 400 },
      { from: 'p0', to: 'vm1', bits: 300 },
    ];
    const table = tableOf(flows, Placement.fastPath);
    // 60 and 30 packets/s are the nine tenths that newcomers may use.
    assert.deepEqual(planOf(table, 10, limits, Placement.fastPath).install, [0, 2]);
    assert.equal(reason(table, 1), 'fast-path-capacity');
  });

  it('of a fast path leave no spares', () => {
    const throughput = { packetsPerSecond: 1e9, bitsPerSecond: 1000 };
    const limits = limitsOf({ ...CAPABILITIES, placement: 'fast-path', throughput }, PORTS, {});
    const flows = [300, 200, 100].map((bits) => ({ from: 'p0', to: 'vm1', bits }));
    const table = tableOf(flows, Placement.fastPath);
    assert.equal(planOf(table, 2, limits, Placement.fastPath).spares.length, 0);
    const nic = tableOf(flows, Placement.offload);
    assert.deepEqual([...planOf(nic, 2, [], Placement.offload).spares], [2]);
  });

  describe('of NIC ports', () => {
    const limits = limitsOf({ ...CAPABILITIES, placement: 'offload' }, PORTS, {});
    const flows = [
      { from: 'vm1', to: 'p0', bits: 800 },
      { from: 'vm1', to: 'p0', bits: 700 },
      { from: 'vm1', to: 'p1', bits: 100 },
    ];

    /** Bits that the plan expects each port to send. */
    const sent = (plan: Plan): readonly number[] =>
      ['p0 send', 'p1 send'].map(
        (name) => plan.limits.find((l) => l.name === name)?.expectedBitsPerSecond ?? -1,
      );

    it('follow a flow to another port', () => {
      const table = tableOf(flows, Placement.offload);
      const planner = ample();
      assert.deepEqual(sent(planner.plan(table, budgetOf(2, limits), NOW)), [800, 100]);
      table.begin(NOW);
      for (const row of [0, 1, 2]) table.observe(row, 1, 1, 0);
      table.setActions(0, outputTo('p1'));
      table.end();
      assert.deepEqual(sent(planner.plan(table, budgetOf(2, limits), NOW)), [700, 800]);
    });

    it('follow a port that becomes or ceases to be one of the NIC', () => {
      const table = tableOf(flows, Placement.offload);
      const planner = ample();
      assert.deepEqual(sent(planner.plan(table, budgetOf(2, limits), NOW)), [800, 100]);
      const ports = new Map(PORTS).set('p0', portInfo({ name: 'p0' }));
      const plan = planner.plan(table, { ...budgetOf(2, limits), ports }, NOW);
      assert.deepEqual(sent(plan), [0, 0], 'the two best flows leave by p0, which has no link now');
    });

    it('follow limits of other ports', () => {
      const table = tableOf(flows, Placement.offload);
      const planner = ample();
      const of = (port: string) =>
        limits.filter(({ scope }) => 'port' in scope && scope.port === port);
      planner.plan(table, budgetOf(3, of('p0')), NOW);
      assert.deepEqual(sent(planner.plan(table, budgetOf(3, of('p1')), NOW)), [-1, 100]);
    });

    it('forget the ports of a flow whose row is given to another', () => {
      const table = tableOf(flows, Placement.offload);
      const planner = ample();
      planner.plan(table, budgetOf(2, limits), NOW);
      const rows = [1, 2];
      for (const atMs of [NOW, NOW + 1]) {
        table.begin(atMs);
        for (const row of rows) table.observe(row, 1, 1, 0);
        table.end();
      }
      table.begin(NOW + 2);
      const row = table.add(flowId(9), anyFrom('vm1'), outputTo('p1'));
      assert.equal(row, 0, 'the row is used again');
      for (const other of [row, ...rows]) table.observe(other, 1, 1, 0);
      table.end();
      table.forecast.bitsPerSecond[row] = 850;
      table.decision.score[row] = 850;
      table.forecast.worth[row] = 850;
      table.decision.scoredByWorth[row] = 1;
      table.decision.requested[row] = RequestedPlacement.offload;
      assert.deepEqual(sent(planner.plan(table, budgetOf(2, limits), NOW)), [700, 850]);
    });
  });

  it('of a fast path are never exceeded: flows beyond them are withdrawn', () => {
    const throughput = { packetsPerSecond: 100, bitsPerSecond: 1000 };
    const limits = limitsOf({ ...CAPABILITIES, placement: 'fast-path', throughput }, PORTS, {});
    const table = tableOf(
      [
        { from: 'p0', to: 'vm1', bits: 600, placed: true },
        { from: 'p0', to: 'vm1', bits: 500, placed: true },
        { from: 'p0', to: 'vm1', bits: 450 },
        { from: 'p0', to: 'vm1', bits: 200 },
      ],
      Placement.fastPath,
    );
    const plan = planOf(table, 10, limits, Placement.fastPath);
    assert.deepEqual(plan.withdraw, [1]);
    assert.deepEqual(plan.install, [3]);
    assert.equal(reason(table, 1), 'fast-path-capacity');
    assert.equal(reason(table, 2), 'fast-path-capacity');
    const [use] = plan.limits;
    assert.equal(use.expectedBitsPerSecond, 800);
  });
});
