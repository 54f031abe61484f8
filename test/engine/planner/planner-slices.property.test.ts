import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Placement, RequestedPlacement } from '../../../engine/model/flow.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { REASONS } from '../../../engine/model/reason.ts';
import type { SliceQuota } from '../../../engine/model/slice.ts';
import type { Plan, TableBudget } from '../../../engine/planner/plan.ts';
import { Planner } from '../../../engine/planner/planner.ts';
import { read } from '../../support/flows.ts';

interface Flow {
  readonly worth: number;
  /** 1 + index of the slice; 0 for none. */
  readonly slice: number;
  readonly placed: boolean;
  /** True: a rule set its score. */
  readonly scored: boolean;
}

const NOW = 10_000;
const AMPLE = { minHoldMs: 0, operations: { perSecond: 1e6, burst: 1e6 } };

const flow: fc.Arbitrary<Flow> = fc.record({
  worth: fc.oneof(
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: 16 }).map((n) => 2 ** n),
  ),
  slice: fc.nat(3),
  placed: fc.boolean(),
  scored: fc.boolean(),
});
const flows = fc.array(flow, { maxLength: 120 });
const quotas: fc.Arbitrary<readonly SliceQuota[]> = fc
  .tuple(fc.nat(20), fc.nat(20), fc.integer({ min: 0, max: 40 }), fc.constantFrom(1, 2, 5))
  .map(([gold, silver, spare, weight]) => [
    slice('gold', weight, gold, undefined),
    slice('silver', 1, silver, silver + spare),
    { name: 'port-slice', declared: false, weight: 1, guaranteed: undefined, maximum: undefined },
  ]);

function slice(name: string, weight: number, guaranteed: number, maximum?: number): SliceQuota {
  const entries = (value: number) => ({ kind: 'entries', value }) as const;
  return {
    name,
    declared: true,
    weight,
    guaranteed: guaranteed === 0 ? undefined : entries(guaranteed),
    maximum: maximum === undefined ? undefined : entries(maximum),
  };
}

function tableOf(list: readonly Flow[]): FlowTable {
  const table = new FlowTable();
  read(
    table,
    0,
    list.map((_, n) => ({ n })),
  );
  list.forEach((f, row) => {
    const d = table.decision;
    table.forecast.worth[row] = f.worth;
    // A rule's score may or may not equal the worth.
    d.score[row] = f.scored && f.worth % 2 === 0 ? f.worth + 0.5 : f.worth;
    d.scoredByWorth[row] = f.scored ? 0 : 1;
    d.requested[row] = RequestedPlacement.offload;
    d.slice[row] = f.slice;
    d.placement[row] = f.placed ? Placement.offload : Placement.onload;
  });
  return table;
}

function budgetOf(entries: number, slices: readonly SliceQuota[]): TableBudget {
  const rest = { ports: new Map(), limits: [], supports: () => true };
  return { placement: Placement.offload, entries, slices, ...rest };
}

const ascending = (a: number, b: number): number => a - b;

function applyPlan(table: FlowTable, plan: Plan, nowMs: number): void {
  const move = (row: number, placement: Placement): void => {
    table.decision.placement[row] = placement;
    table.decision.placedSinceMs[row] = nowMs;
  };
  for (const row of plan.withdraw) move(row, Placement.onload);
  for (const row of plan.install) move(row, Placement.offload);
}

/** Placed flows by slice; index 0: of no slice. */
function used(table: FlowTable): number[] {
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < table.count; i++) {
    const row = table.rows[i];
    if (table.decision.placement[row] === Placement.offload) counts[table.decision.slice[row]]++;
  }
  return counts;
}

const limit = (t: SliceQuota, which: 'guaranteed' | 'maximum'): number =>
  t[which]?.value ?? (which === 'guaranteed' ? 0 : Number.POSITIVE_INFINITY);

describe('planner with slices', () => {
  describe('an entry that is due to a slice', () => {
    const worths = (worth: number, of: number, placed: boolean): Flow => ({
      worth,
      slice: of,
      placed,
      scored: false,
    });
    const quotas = [slice('gold', 1, 2), slice('silver', 1, 0)];
    // Silver and the flows of no slice have one more than their share; the worst is flow 1, of silver.
    const full = [
      worths(40, 0, true),
      worths(10, 2, true),
      worths(30, 0, true),
      worths(50, 2, true),
      worths(5, 1, false),
      worths(4, 1, false),
    ];

    it('is taken from the worst flow of all slices above their share', () => {
      const plan = new Planner(AMPLE).plan(tableOf(full), budgetOf(4, quotas), NOW);
      assert.deepEqual([...plan.withdraw], [1, 2]);
      assert.deepEqual([...plan.install], [4, 5]);
      assert.deepEqual([...plan.replaced], [1, 2], 'the flows that keep them if gold is refused');
    });

    it('is not taken from a slice that has its share, though a worse flow has an entry there', () => {
      const of = (slices: readonly [worth: number, slice: number, placed: boolean][]) =>
        tableOf(slices.map(([worth, slice, placed]) => worths(worth, slice, placed)));
      const table = of([
        [50, 1, true],
        [40, 1, true],
        [15, 1, true],
        [30, 2, true],
        [10, 2, true],
        [11, 2, false],
        [20, 0, false],
      ]);
      const even = [slice('gold', 1, 0), slice('silver', 1, 0)];
      const plan = new Planner(AMPLE).plan(table, budgetOf(5, even), NOW);
      assert.deepEqual([plan.withdraw, plan.install], [[2], [6]]);
    });

    it('costs two operations', () => {
      const operations = { perSecond: 0, burst: 1 };
      const table = tableOf(full);
      const plan = new Planner({ minHoldMs: 0, operations }).plan(table, budgetOf(4, quotas), NOW);
      assert.deepEqual([...plan.withdraw, ...plan.install], []);
      assert.equal(REASONS[table.decision.reason[4]].code, 'budget');
    });
  });

  describe('a slice whose flows bring next to nothing', () => {
    const flow = (worth: number, of: number): Flow => ({
      worth,
      slice: of,
      placed: false,
      scored: false,
    });
    const elephants = Array.from({ length: 6 }, () => flow(1e6, 0));

    it('gets what it is guaranteed', () => {
      const table = tableOf([...elephants, flow(1, 1), flow(1, 1)]);
      const plan = new Planner(AMPLE).plan(table, budgetOf(6, [slice('gold', 1, 1)]), NOW);
      assert.equal(plan.install.filter((row) => row >= 6).length, 1);
    });

    it('gets no share without a guarantee', () => {
      const table = tableOf([...elephants, ...Array.from({ length: 5 }, () => flow(1, 1))]);
      const plan = new Planner(AMPLE).plan(table, budgetOf(6, [slice('gold', 1, 0)]), NOW);
      assert.deepEqual([...plan.install].toSorted(ascending), [0, 1, 2, 3, 4, 5]);
    });
  });

  it('plans the same with a planner that has planned before', () => {
    const input = fc.tuple(flows, fc.nat(100), quotas);
    fc.assert(
      fc.property(fc.array(input, { minLength: 1, maxLength: 3 }), input, (earlier, last) => {
        const used = new Planner(AMPLE);
        for (const [list, entries, slices] of earlier) {
          used.plan(tableOf(list), budgetOf(entries, slices), NOW);
        }
        const [list, entries, slices] = last;
        const plans = [used, new Planner(AMPLE)].map((planner) => {
          const table = tableOf(list);
          // Much later, so that the budget of operations is full again.
          const plan = planner.plan(table, budgetOf(entries, slices), NOW + 60_000);
          const { fillersFor, spares, ...rest } = plan;
          return {
            ...structuredClone(rest),
            spares: [...spares],
            reasons: [...table.decision.reason],
            fillers: fillersFor(plan.install, 0.5),
          };
        });
        assert.deepEqual(plans[0], plans[1]);
      }),
    );
  });

  it('lets no flow yield an entry that its slice is guaranteed', () => {
    fc.assert(
      fc.property(flows, fc.nat(100), quotas, (list, entries, slices) => {
        const table = tableOf(list);
        const plan = new Planner(AMPLE).plan(table, budgetOf(entries, slices), NOW);
        const fillers = plan.fillersFor(plan.install, 1);
        assert.ok(!fillers.some((row) => plan.withdraw.includes(row)), 'it leaves anyway');
        applyPlan(table, plan, NOW);
        const before = used(table);
        for (const row of fillers) table.decision.placement[row] = Placement.onload;
        const after = used(table);
        slices.forEach((t, i) => {
          assert.ok(after[i + 1] >= Math.min(before[i + 1], limit(t, 'guaranteed')));
        });
      }),
    );
  });

  it('names no spares of a slice that has a maximum, though it may be below it', () => {
    const even = [slice('gold', 1, 0, 3), slice('silver', 1, 0)];
    const flow = (of: number): Flow => ({ worth: 10, slice: of, placed: false, scored: false });
    const table = tableOf([1, 1, 1, 1, 2, 2, 2, 2].map(flow));
    const { install, spares } = new Planner(AMPLE).plan(table, budgetOf(4, even), NOW);
    assert.deepEqual([...install].toSorted(ascending), [0, 1, 4, 5]);
    assert.deepEqual([...spares], [6, 7]);
  });

  it('names as spares only flows without an entry, of slices without a maximum', () => {
    fc.assert(
      fc.property(flows, fc.nat(60), quotas, (list, entries, slices) => {
        const table = tableOf(list);
        const plan = new Planner(AMPLE).plan(table, budgetOf(entries, slices), NOW);
        for (const row of plan.spares) {
          assert.equal(table.decision.placement[row], Placement.onload);
          assert.ok(!plan.install.includes(row));
          const quota = slices[table.decision.slice[row] - 1];
          assert.ok(quota === undefined || limit(quota, 'maximum') >= entries);
        }
      }),
    );
  });

  it('reserves no entries for a slice whose flows are silent in the next plan', () => {
    const quotas = [slice('gold', 1, 3)];
    const flow = (of: number): Flow => ({ worth: 10, slice: of, placed: false, scored: false });
    const table = tableOf([flow(1), flow(1), flow(1), flow(0), flow(0), flow(0), flow(0)]);
    const planner = new Planner(AMPLE);
    assert.equal(planner.plan(table, budgetOf(4, quotas), NOW).shares[1].share, 3);
    for (const row of [0, 1, 2]) table.decision.requested[row] = RequestedPlacement.none;
    const { install, shares } = planner.plan(table, budgetOf(4, quotas), NOW);
    assert.deepEqual([...install].toSorted(ascending), [3, 4, 5, 6]);
    assert.equal(shares[1].share, 0);
  });

  it('never exceeds the table or a maximum, and meets guarantees that are requested', () => {
    fc.assert(
      fc.property(flows, fc.nat(100), quotas, (list, entries, slices) => {
        const table = tableOf(list);
        const plan = new Planner(AMPLE).plan(table, budgetOf(entries, slices), NOW);
        applyPlan(table, plan, NOW);
        const now = used(table);
        assert.ok(now.reduce((a, b) => a + b, 0) <= entries);
        const promised = slices.reduce((sum, t) => sum + limit(t, 'guaranteed'), 0);
        slices.forEach((t, i) => {
          const requesting = list.filter((f) => f.slice === i + 1).length;
          assert.ok(now[i + 1] <= limit(t, 'maximum'), 'above its maximum');
          if (promised > entries) return;
          assert.ok(
            now[i + 1] >= Math.min(limit(t, 'guaranteed'), requesting),
            'below its guarantee',
          );
        });
      }),
    );
  });

  it('stays within the budget of operations, and gives every flow a reason', () => {
    fc.assert(
      fc.property(flows, fc.nat(60), quotas, fc.nat(20), (list, spare, slices, burst) => {
        // No maxima, because flows beyond one are evicted regardless of the budget.
        const open = slices.map((t) => ({ ...t, maximum: undefined }));
        const entries = list.filter((f) => f.placed).length + spare;
        const table = tableOf(list);
        const planner = new Planner({ minHoldMs: 0, operations: { perSecond: 0, burst } });
        const plan = planner.plan(table, budgetOf(entries, open), NOW);
        assert.ok(plan.withdraw.length + plan.install.length <= burst);
        for (let i = 0; i < table.count; i++) {
          assert.notEqual(REASONS[table.decision.reason[table.rows[i]]].code, 'unseen');
        }
        assert.equal(
          new Set([...plan.withdraw, ...plan.install]).size,
          plan.withdraw.length + plan.install.length,
        );
      }),
    );
  });

  it('converges on constant input from any start', () => {
    fc.assert(
      fc.property(
        flows,
        fc.nat(100),
        quotas,
        fc.integer({ min: 2, max: 50 }),
        (list, entries, slices, burst) => {
          const table = tableOf(list);
          const planner = new Planner({ minHoldMs: 500, operations: { perSecond: burst, burst } });
          const tableBudget = budgetOf(entries, slices);
          let nowMs = NOW;
          for (let tick = 0; tick < 200; tick++, nowMs += 1000) {
            applyPlan(table, planner.plan(table, tableBudget, nowMs), nowMs);
          }
          for (let tick = 0; tick < 5; tick++, nowMs += 1000) {
            const plan = planner.plan(table, tableBudget, nowMs);
            assert.deepEqual([...plan.withdraw, ...plan.install], []);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('leaves only a negligible part of the worth unplaced', () => {
    fc.assert(
      fc.property(flows, fc.nat(100), (list, entries) => {
        const table = tableOf(list.map((f) => ({ ...f, slice: 0, scored: false })));
        applyPlan(table, new Planner(AMPLE).plan(table, budgetOf(entries, []), NOW), NOW);
        const placed = list.filter((_, row) => table.decision.placement[row] === Placement.offload);
        const worth = (some: readonly Flow[]): number => some.reduce((sum, f) => sum + f.worth, 0);
        const best = worth(list.toSorted((a, b) => b.worth - a.worth).slice(0, entries));
        const before = worth(list.filter((f) => f.placed));
        // 8 % of the gain of all swaps, or 0.5 % of all worth, plus one step of the gain's scale.
        const tolerated = Math.max(0.08 * Math.max(0, best - before), 0.006 * worth(list)) * 1.05;
        // A newcomer needs at least 1.2 times the score of the flow it displaces.
        assert.ok(1.2 * worth(placed) >= best - tolerated - 1e-6, `${worth(placed)} of ${best}`);
      }),
    );
  });

  it('reclaims a slice’s lent entries in one plan', () => {
    const gold = Array.from({ length: 10 }, () => ({
      worth: 5,
      slice: 1,
      placed: false,
      scored: false,
    }));
    const others = Array.from({ length: 20 }, () => ({
      worth: 500,
      slice: 0,
      placed: true,
      scored: false,
    }));
    const table = tableOf([...gold, ...others]);
    const tableBudget = budgetOf(20, [slice('gold', 1, 8)]);
    const plan = new Planner(AMPLE).plan(table, tableBudget, NOW);
    applyPlan(table, plan, NOW);
    assert.ok(used(table)[1] >= 8);
    const reasons = plan.withdraw.map((row) => REASONS[table.decision.reason[row]].code);
    assert.deepEqual([...new Set(reasons)], ['slice-share']);
  });
});
