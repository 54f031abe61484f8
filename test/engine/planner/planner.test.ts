import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Placement, RequestedPlacement } from '../../../engine/model/flow.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { REASONS } from '../../../engine/model/reason.ts';
import { isHeldAfterMove } from '../../../engine/planner/contenders.ts';
import type { Plan, PlannerOptions } from '../../../engine/planner/plan.ts';
import { Planner } from '../../../engine/planner/planner.ts';
import { read, rowOf } from '../../support/flows.ts';

const BUDGET = {
  placement: Placement.offload,
  slices: [],
  ports: new Map(),
  limits: [],
  supports: () => true,
};
const OPTIONS: PlannerOptions = {
  minHoldMs: 1000,
  operations: { perSecond: 1000, burst: 1000 },
};

interface Flow {
  readonly score: number;
  /** Forecast worth; 0 by default. */
  readonly worth?: number;
  /** True: its score is its worth; otherwise a rule set the score. */
  readonly byWorth?: boolean;
  readonly requested?: RequestedPlacement;
  readonly placed?: boolean;
  /** When it was placed, ms; long ago by default. */
  readonly since?: number;
  readonly retryAtMs?: number;
}

function tableOf(flows: readonly Flow[]): FlowTable {
  const table = new FlowTable();
  read(
    table,
    0,
    flows.map((_, n) => ({ n })),
  );
  const d = table.decision;
  flows.forEach((flow, n) => {
    const row = rowOf(table, n);
    d.score[row] = flow.score;
    d.scoredByWorth[row] = flow.byWorth === true ? 1 : 0;
    table.forecast.worth[row] = flow.worth ?? 0;
    d.requested[row] = flow.requested ?? RequestedPlacement.offload;
    d.placement[row] = flow.placed ? Placement.offload : Placement.onload;
    d.placedSinceMs[row] = flow.since ?? Number.NEGATIVE_INFINITY;
    d.retryAtMs[row] = flow.retryAtMs ?? Number.NEGATIVE_INFINITY;
  });
  return table;
}

function planFor(
  table: FlowTable,
  entries: number,
  options: Partial<PlannerOptions> = {},
  supports: (row: number) => boolean = () => true,
): Plan {
  const planner = new Planner({ ...OPTIONS, ...options });
  return planner.plan(table, { ...BUDGET, entries, supports }, 10_000);
}

function reasonOf(table: FlowTable, n: number): string {
  return REASONS[table.decision.reason[rowOf(table, n)]].code;
}

function applyPlan(table: FlowTable, plan: Plan, nowMs: number): void {
  for (const row of plan.withdraw) {
    table.decision.placement[row] = Placement.onload;
    table.decision.placedSinceMs[row] = nowMs;
  }
  for (const row of plan.install) {
    table.decision.placement[row] = Placement.offload;
    table.decision.placedSinceMs[row] = nowMs;
  }
}

describe('planner', () => {
  it('installs all flows while there is room', () => {
    const table = tableOf([{ score: 1 }, { score: 2 }]);
    const plan = planFor(table, 10);
    assert.deepEqual(new Set(plan.install), new Set([rowOf(table, 0), rowOf(table, 1)]));
    assert.equal(plan.cutoff, Number.NEGATIVE_INFINITY);
  });

  it('installs the best scores when there is no room for all', () => {
    const table = tableOf([{ score: 1 }, { score: 3 }, { score: 2 }]);
    assert.deepEqual(planFor(table, 2).install, [rowOf(table, 1), rowOf(table, 2)]);
    assert.equal(reasonOf(table, 0), 'table-full');
  });

  it('installs even the smallest flow while there is room for all', () => {
    const elephant = { score: 1e6, worth: 1e6, byWorth: true };
    const table = tableOf([elephant, elephant, { score: 1, worth: 1, byWorth: true }]);
    assert.equal(planFor(table, 3).install.length, 3);
    assert.equal(planFor(table, 2).install.length, 2);
    assert.equal(reasonOf(table, 2), 'table-full');
  });

  it('reports the score of the best flow that is left out', () => {
    const table = tableOf([{ score: 5 }, { score: 1 }, { score: 4 }, { score: 3 }, { score: 2 }]);
    assert.equal(planFor(table, 2).cutoff, 3);
  });

  it('places a newcomer with a score set by a rule only if it is clearly better', () => {
    const slightly = tableOf([{ score: 10, placed: true }, { score: 11.5 }]);
    assert.deepEqual([...planFor(slightly, 1).install], []);
    const clearly = tableOf([{ score: 10, placed: true }, { score: 14 }]);
    const plan = planFor(clearly, 1);
    assert.deepEqual([...plan.withdraw], [rowOf(clearly, 0)]);
    assert.deepEqual([...plan.install], [rowOf(clearly, 1)]);
  });

  it('withdraws flows that no rule requests first', () => {
    const table = tableOf([
      { score: 1, placed: true },
      { score: 0, placed: true, requested: RequestedPlacement.none },
      { score: 0.5 },
    ]);
    assert.deepEqual([...planFor(table, 2).withdraw], [rowOf(table, 1)]);
  });

  it('holds a moved flow for the minimum hold time', () => {
    const table = tableOf([
      { score: 1, placed: true, since: 9500 },
      { score: 1, placed: true, since: 9500, requested: RequestedPlacement.onload },
      { score: 100, since: 9500 },
      { score: 100 },
    ]);
    const plan = planFor(table, 2);
    assert.deepEqual([...plan.withdraw, ...plan.install], []);
    assert.equal(reasonOf(table, 1), 'min-hold');
    assert.equal(reasonOf(table, 2), 'min-hold');
    assert.equal(reasonOf(table, 3), 'table-full');
  });

  it('holds a flow whose score is set by a rule, even if it equals the worth', () => {
    const planOf = (byWorth: boolean, score: number) => {
      const table = tableOf([
        { score, worth: 7, placed: true, since: 9500, byWorth },
        { score, worth: 7, since: 9500, byWorth },
        { score: 100, worth: 100, byWorth: true },
      ]);
      const { withdraw } = planFor(table, 1);
      return { withdraw: withdraw.length, reasons: [reasonOf(table, 1), reasonOf(table, 2)] };
    };
    const held = { withdraw: 0, reasons: ['min-hold', 'table-full'] };
    assert.deepEqual(planOf(false, 7), held, 'a score that equals the worth');
    assert.deepEqual(planOf(false, 7.001), held, 'a score that differs from it');
    assert.deepEqual(planOf(true, 7), { withdraw: 1, reasons: ['table-full', 'installing'] });
  });

  it('reports which flows are held after a move', () => {
    const table = tableOf([
      { score: 7, worth: 7, byWorth: true },
      { score: 7, worth: 7 },
      { score: 7, worth: 7, placed: true, byWorth: true },
      { score: 7, worth: 7, placed: true, byWorth: true, requested: RequestedPlacement.onload },
      { score: 0, worth: 0, placed: true, requested: RequestedPlacement.none },
    ]);
    const held = [0, 1, 2, 3, 4].map((n) => isHeldAfterMove(table, rowOf(table, n)));
    assert.deepEqual(held, [false, true, false, true, true]);
  });

  it('does not apply the threshold of worth to scores set by rules', () => {
    const reasons = (score: number) => {
      const elephants = Array.from({ length: 3 }, () => ({
        score: 1e6,
        worth: 1e6,
        byWorth: true,
      }));
      const table = tableOf([...elephants, { score, worth: 1 }, { score: 0.5 }]);
      planFor(table, 4);
      return [reasonOf(table, 3), reasonOf(table, 4)];
    };
    assert.deepEqual(reasons(1), ['installing', 'table-full'], 'a score that equals the worth');
    assert.deepEqual(reasons(1.001), ['installing', 'table-full'], 'a score that differs from it');
  });

  it('leaves out flows that together bring less than a thousandth, when not all fit', () => {
    const byWorth = (worth: number) => ({ score: worth, worth, byWorth: true });
    const table = tableOf([1e6, 1e6, 1000, 900, 800].map(byWorth));
    assert.equal(planFor(table, 4).install.length, 3, 'two bring 1,700 of 2,002,700');
    const more = tableOf([1e6, 1e6, 1200, 1100, 1100].map(byWorth));
    assert.equal(planFor(more, 4).install.length, 4, 'two bring 2,200 of 2,003,400');
  });

  it('makes no swap that gains next to nothing for the table as a whole', () => {
    const elephant = { score: 1e6, worth: 1e6, byWorth: true, placed: true };
    const swap = [
      { score: 2000, worth: 2000, byWorth: true, placed: true },
      { score: 4000, worth: 4000, byWorth: true },
    ];
    const table = tableOf([elephant, ...swap]);
    assert.deepEqual([...planFor(table, 2).withdraw], []);
    assert.equal(reasonOf(table, 2), 'small-gain');
    const alone = tableOf(swap);
    assert.deepEqual([...planFor(alone, 1).withdraw], [rowOf(alone, 0)]);
  });

  it('prefers a flow that a rule requests with score 0 to one that no rule requests', () => {
    const table = tableOf([
      { score: 0, worth: 5, placed: true, requested: RequestedPlacement.none },
      { score: 0, worth: 5 },
    ]);
    const plan = planFor(table, 1);
    assert.deepEqual([...plan.withdraw, ...plan.install], [rowOf(table, 0), rowOf(table, 1)]);
    assert.equal(
      planFor(
        tableOf([
          { score: 0, worth: 5 },
          { score: 0, worth: 5 },
        ]),
        1,
      ).cutoff,
      0,
    );
  });

  it('withdraws a flow for which a rule requests the vSwitch', () => {
    const table = tableOf([{ score: 1, placed: true, requested: RequestedPlacement.onload }]);
    assert.deepEqual([...planFor(table, 5).withdraw], [rowOf(table, 0)]);
    assert.equal(reasonOf(table, 0), 'rule-onload');
  });

  it('withdraws a flow that cannot keep its entry, and says why', () => {
    for (const [obstacle, cause] of [
      ['port-cost', 'capacity'],
      ['carries-nothing', 'carries-nothing'],
    ] as const) {
      const table = tableOf([
        { score: 1, placed: true },
        { score: 2, placed: true },
      ]);
      const [row] = [rowOf(table, 0)];
      const plan = new Planner(OPTIONS).plan(
        table,
        { ...BUDGET, entries: 5, obstacle: (r) => (r === row ? obstacle : undefined) },
        10_000,
      );
      assert.deepEqual([plan.withdraw, plan.withdrawalCauses], [[row], [cause]]);
      assert.deepEqual(
        [0, 1].map((n) => reasonOf(table, n)),
        [obstacle, 'placed'],
      );
    }
  });

  it('counts held flows among those that have the entries', () => {
    const table = tableOf([
      { score: 1, placed: true, since: 9500 },
      { score: 2, placed: true },
      { score: 10 },
    ]);
    const plan = planFor(table, 2);
    assert.deepEqual([plan.withdraw, plan.install], [[rowOf(table, 1)], [rowOf(table, 2)]]);
  });

  it('gives reasons for flows that it skips', () => {
    const table = tableOf([{ score: 1 }, { score: 1, retryAtMs: 20_000 }, { score: 1 }]);
    planFor(table, 5, {}, (row) => row !== rowOf(table, 0));
    assert.equal(reasonOf(table, 0), 'unsupported');
    assert.equal(reasonOf(table, 1), 'refused');
    assert.equal(reasonOf(table, 2), 'installing');
  });

  it('stays within the budget of operations, best flows first', () => {
    const table = tableOf([{ score: 1 }, { score: 2 }, { score: 3 }]);
    const plan = planFor(table, 5, { operations: { perSecond: 1, burst: 2 } });
    assert.deepEqual(plan.install, [rowOf(table, 2), rowOf(table, 1)]);
    assert.equal(reasonOf(table, 0), 'budget');
  });

  describe('the flows that yield to newcomers without a place', () => {
    /** Incumbents worth 10 to 100 in a full table, and a newcomer without a place. */
    const flowsFor = (worth: number): FlowTable =>
      tableOf(
        [
          ...Array.from({ length: 10 }, (_, n) => ({ worth: 10 * (n + 1), placed: true })),
          { worth },
        ].map((flow) => ({ ...flow, score: flow.worth, byWorth: true })),
      );

    it('are those that are worth least, worst first, with the reason of a lost entry', () => {
      const table = flowsFor(90);
      const plan = planFor(table, 11);
      assert.deepEqual([...plan.install], [rowOf(table, 10)]);
      assert.deepEqual(plan.fillersFor(plan.install, 0.16), [rowOf(table, 0), rowOf(table, 1)]);
      assert.deepEqual(
        [0, 1, 2].map((n) => reasonOf(table, n)),
        ['table-full', 'table-full', 'placed'],
      );
    });

    it('are worth clearly less than the newcomers', () => {
      const table = flowsFor(24);
      const plan = planFor(table, 11);
      assert.deepEqual(plan.fillersFor(plan.install, 0.3), [rowOf(table, 0)]);
    });

    it('are none for newcomers that bring next to nothing', () => {
      const table = flowsFor(90);
      const plan = planFor(table, 11);
      const all = 10 * 55 + 90;
      assert.equal(plan.fillersFor(plan.install, (8 * 90) / all - 0.01).length > 0, true);
      table.decision.score[rowOf(table, 10)] = all / 8 - 1;
      assert.deepEqual(plan.fillersFor(plan.install, 1), []);
    });

    it('are limited by the budget of operations', () => {
      const table = flowsFor(90);
      // One for the plan, one for the newcomer's next attempt, and two for each filler.
      const plan = planFor(table, 11, { operations: { perSecond: 0, burst: 5 } });
      assert.equal(plan.fillersFor(plan.install, 1).length, 1);
    });
  });

  it('names the next best flows for entries that stay free', () => {
    const table = tableOf([{ score: 5 }, { score: 1 }, { score: 4 }, { score: 3 }]);
    const plan = planFor(table, 2);
    assert.deepEqual([...plan.spares], [rowOf(table, 3), rowOf(table, 1)]);
    const mice = tableOf(
      [1e6, 1e6, 1e6, 1, 1].map((worth) => ({ score: worth, worth, byWorth: true })),
    );
    assert.deepEqual([...planFor(mice, 2).spares], [rowOf(mice, 2)], 'none that brings nothing');
    const limited = planFor(table, 2, { operations: { perSecond: 0, burst: 3 } });
    assert.deepEqual([...limited.spares], [rowOf(table, 3)]);
  });

  it('evicts the flows with the lowest scores when the table shrinks', () => {
    const table = tableOf([
      { score: 3, placed: true },
      { score: 1, placed: true },
      { score: 2, placed: true },
    ]);
    const plan = planFor(table, 1, { operations: { perSecond: 0, burst: 0 } });
    assert.deepEqual([...plan.withdraw], [rowOf(table, 1), rowOf(table, 2)]);
  });

  const flow = fc.record({
    score: fc.integer({ min: 0, max: 20 }),
    requested: fc.constantFrom(
      RequestedPlacement.none,
      RequestedPlacement.offload,
      RequestedPlacement.onload,
      RequestedPlacement.fastPath,
    ),
    placed: fc.boolean(),
    since: fc.constantFrom(Number.NEGATIVE_INFINITY, 9500),
  });
  const flows = fc.array(flow, { maxLength: 60 });

  it('never exceeds the table or the budget, and gives every requesting flow a reason', () => {
    fc.assert(
      fc.property(flows, fc.nat(40), fc.nat(20), (list, spare, burst) => {
        const entries = list.filter((f) => f.placed).length + spare;
        const table = tableOf(list);
        const plan = planFor(table, entries, { operations: { perSecond: 0, burst } });
        assert.ok(plan.withdraw.length + plan.install.length <= burst);
        applyPlan(table, plan, 10_000);
        const placed = list.filter((_, n) => table.decision.placement[rowOf(table, n)] === 1);
        assert.ok(placed.length <= entries);
        list.forEach((f, n) => {
          if (f.requested === RequestedPlacement.offload)
            assert.notEqual(reasonOf(table, n), 'unseen');
        });
      }),
    );
  });

  it('converges on constant input from any start', () => {
    fc.assert(
      fc.property(flows, fc.nat(40), (list, entries) => {
        const table = tableOf(list);
        const planner = new Planner(OPTIONS);
        const tableBudget = { ...BUDGET, entries };
        let nowMs = 10_000;
        for (let tick = 0; tick < 5; tick++, nowMs += 2000) {
          applyPlan(table, planner.plan(table, tableBudget, nowMs), nowMs);
        }
        const last = planner.plan(table, tableBudget, nowMs);
        assert.deepEqual([...last.withdraw, ...last.install], []);
      }),
    );
  });
});
