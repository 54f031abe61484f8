import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Placement, RequestedPlacement } from '../../../engine/model/flow.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { Choice } from '../../../engine/planner/choice.ts';
import { Contenders } from '../../../engine/planner/contenders.ts';
import { Groups } from '../../../engine/planner/groups.ts';
import type { SliceQuota } from '../../../engine/model/slice.ts';
import type { TableBudget } from '../../../engine/planner/plan.ts';
import { Throughput } from '../../../engine/planner/throughput.ts';
import { anyFrom, flowId, outputTo } from '../../support/flows.ts';

interface Flow {
  readonly worth: number;
  readonly byRule: boolean;
  readonly placed: boolean;
  readonly slice: number;
}

const FLOW: fc.Arbitrary<Flow> = fc.record({
  // Many ties and a heavy tail; exact as 32-bit floats, by which rows are sorted.
  worth: fc.oneof(
    fc.constantFrom(0, 1, 2, 100),
    fc.integer({ min: 0, max: 200 }).map((n) => n / 4),
  ),
  byRule: fc.boolean(),
  placed: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  slice: fc.integer({ min: 0, max: 2 }),
});

const CASE = fc.record({
  flows: fc.array(FLOW, { minLength: 1, maxLength: 120 }),
  entries: fc.integer({ min: 1, max: 40 }),
  maximum: fc.integer({ min: 1, max: 40 }),
  limit: fc.constantFrom(10, 60, 400, Number.POSITIVE_INFINITY),
  hard: fc.boolean(),
});

type Case = typeof CASE extends fc.Arbitrary<infer T> ? T : never;

/** What is chosen when at least `sorted` rows are sorted first. */
function chosen({ flows, entries, maximum, limit, hard }: Case, sorted: number) {
  const table = new FlowTable();
  table.begin(0);
  flows.forEach((_, n) =>
    table.observe(table.add(flowId(n), anyFrom('vm1'), outputTo('vm2')), 0, 0, 0),
  );
  table.end();
  const { decision: d, forecast } = table;
  flows.forEach(({ worth, byRule, placed, slice }, row) => {
    forecast.worth[row] = worth;
    forecast.packetsPerSecond[row] = worth;
    d.requested[row] = RequestedPlacement.offload;
    d.score[row] = byRule ? Math.round(worth) + 1 : worth;
    d.scoredByWorth[row] = byRule ? 0 : 1;
    d.placement[row] = placed ? Placement.offload : Placement.onload;
    d.placedSinceMs[row] = Number.NEGATIVE_INFINITY;
    d.slice[row] = slice;
  });
  const unlimited = Number.POSITIVE_INFINITY;
  const scope = { kind: 'all' } as const;
  const limits = [{ name: 'all', scope, packetsPerSecond: limit, bitsPerSecond: unlimited, hard }];
  const guaranteed = { kind: 'entries', value: 2 } as const;
  const atMost = { kind: 'entries', value: maximum } as const;
  const slices: SliceQuota[] = [
    { name: 'a', declared: true, weight: 1, guaranteed, maximum: undefined },
    { name: 'b', declared: true, weight: 2, guaranteed: undefined, maximum: atMost },
  ];
  const tableBudget: TableBudget = {
    placement: Placement.offload,
    entries,
    slices,
    ports: new Map(),
    limits,
    supports: () => true,
  };
  const contenders = new Contenders();
  const groups = new Groups();
  const throughput = new Throughput();
  groups.startPlan(slices, entries);
  throughput.startSums(table, tableBudget.ports, limits);
  const options = {
    table,
    tableBudget,
    minHoldMs: 0,
    nowMs: 1000,
    budget: 1000,
    groups,
    throughput,
  };
  contenders.classify(options);
  const choice = new Choice();
  choice.choose({ table, contenders, groups, throughput, entries, sorted });
  const losers = slices.concat(slices[0]).map((_, group) => {
    const list: number[] = [];
    for (let row = choice.worst(group); row >= 0; row = choice.worst(group)) {
      list.push(row);
      choice.dropWorst(group);
    }
    return list;
  });
  return {
    newcomers: [...choice.newcomers.subarray(0, choice.newcomerCount)],
    spares: [...choice.spares.subarray(0, choice.spareCount)],
    mustGo: [...choice.mustGo.subarray(0, choice.mustGoCount)],
    incumbents: [...choice.order].filter((row) => flows[row].placed),
    losers,
    cutoff: choice.cutoff,
    threshold: choice.threshold,
    worth: choice.worth,
  };
}

describe('the choice of the planner', () => {
  it('is the same, however few of the flows are sorted first', () => {
    fc.assert(
      fc.property(CASE, fc.integer({ min: 1, max: 30 }), (given, sorted) => {
        assert.deepEqual(chosen(given, sorted), chosen(given, given.flows.length));
      }),
      { numRuns: 400 },
    );
  });
});
