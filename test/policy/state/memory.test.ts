import assert from 'node:assert/strict';
import { Placement, RequestedPlacement } from '../../../engine/model/flow.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { CompiledEvaluator } from '../../../policy/compiled/compiled-evaluator.ts';
import type { RuleContext, RuleEvaluator } from '../../../engine/ports/rule-evaluator.ts';
import { FlowView } from '../../../policy/model/fact.ts';
import { JsonRulesEvaluator } from '../../support/json-rules/json-rules-evaluator.ts';
import { parsePolicies } from '../../../policy/parse/parse-policies.ts';
import { type PolicySet } from '../../../policy/model/policy-set.ts';
import { PolicyMemory } from '../../../policy/state/policy-memory.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { contextOf, exactly, type Flow, never, portInfo, readInto } from '../fixture.ts';

type Document = Readonly<Record<string, unknown>>;

function policies(...documents: readonly Document[]): PolicySet {
  return parsePolicies(
    documents.map((d, i) => ({
      file: `p${i}`,
      text: JSON.stringify({ name: `p${i}`, version: '1', ...d }),
    })),
  );
}

const compare = (fact: string, operator: string, value: unknown, more = {}) => ({
  fact,
  operator,
  value,
  ...more,
});
const flowRule = (name: string, conditions: unknown, more = {}) => ({
  name,
  conditions,
  event: { type: 'offload' },
  ...more,
});
const nodeRule = (name: string, conditions: unknown, fact: string, value: unknown, more = {}) => ({
  name,
  scope: 'node',
  conditions,
  event: { type: 'set-fact', params: { fact, value } },
  ...more,
});
const ANY = { all: [compare('bytes', 'greaterThanInclusive', 0)] };

/** Both evaluators on a table with ticks of 1 s. */
function evaluators(set: PolicySet): readonly { name: string; runner: Runner }[] {
  const options = { clock: new ManualClock() };
  return [
    {
      name: 'json-rules-engine',
      runner: new Runner(new JsonRulesEvaluator(set, options)),
    },
    { name: 'compiled', runner: new Runner(new CompiledEvaluator(set, options)) },
  ];
}

class Runner {
  readonly evaluator: RuleEvaluator;
  readonly table = new FlowTable();
  nowMs = 1000;

  constructor(evaluator: RuleEvaluator) {
    this.evaluator = evaluator;
  }

  /** Requested placements in the next tick. */
  async tick(flows: readonly Flow[], change: Partial<RuleContext> = {}): Promise<number[]> {
    this.nowMs += 1000;
    readInto(this.table, this.nowMs, flows);
    await this.evaluator.evaluate(this.table, contextOf({ nowMs: this.nowMs, ...change }), never());
    return flows.map((_, i) => this.table.decision.requested[this.rowOf(i)]);
  }

  rowOf(i: number): number {
    return this.table.rowOf({ w0: 7, w1: 0, w2: 0, w3: i });
  }
}

function cpu(hostCpu: number | undefined): Partial<RuleContext> {
  return { node: { hostCpu, portLoad: new Map() } };
}

/** Runs `body` with each evaluator, with separate policies. */
function withBoth(title: string, set: PolicySet, body: (runner: Runner) => Promise<void>): void {
  for (const { name, runner } of evaluators(set)) it(`${title} (${name})`, () => body(runner));
}

describe('node rules', () => {
  const THRESHOLD = {
    facts: { from: { type: 'number', unit: 'packet/s', initial: '1kpps' } },
    rules: [
      nodeRule('follow', { all: [compare('hostCpu', 'notEqual', null)] }, 'from', {
        fact: 'hostCpu',
        times: -1000,
        plus: '1kpps',
        atLeast: '200pps',
      }),
      flowRule(
        'busy',
        { all: [compare('packetsPerSecond', 'greaterThanInclusive', { fact: 'from' })] },
        {
          event: {
            type: 'offload',
            params: { score: { fact: 'packetsPerSecond', times: 2, atMost: 1500 } },
          },
        },
      ),
    ],
  };
  withBoth('set thresholds that follow the host CPU', policies(THRESHOLD), async (runner) => {
    const flows = [{ packetsPerSecond: 100 }, { packetsPerSecond: 300 }, { packetsPerSecond: 900 }];
    const { none, offload } = RequestedPlacement;
    assert.deepEqual(await runner.tick(flows), [none, none, none]);
    assert.deepEqual(await runner.tick(flows, cpu(0.5)), [none, none, offload]);
    assert.deepEqual(await runner.tick(flows, cpu(0.99)), [none, offload, offload]);
    const scores = [1, 2].map((i) => runner.table.decision.score[runner.rowOf(i)]);
    assert.deepEqual(scores, [600, 1500]);
    assert.deepEqual(await runner.tick(flows, cpu(undefined)), [none, none, none]);
  });

  const HYSTERESIS = {
    facts: { pressed: { type: 'boolean', initial: false } },
    rules: [
      nodeRule(
        'pressed',
        {
          any: [
            compare('hostCpu', 'greaterThan', '60%'),
            { all: [compare('pressed', 'equal', true), compare('hostCpu', 'greaterThan', '40%')] },
          ],
        },
        'pressed',
        true,
      ),
      flowRule('r', { all: [compare('pressed', 'equal', true)] }),
    ],
  };
  withBoth(
    'read the values that they set in the previous tick',
    policies(HYSTERESIS),
    async (runner) => {
      const seen: number[] = [];
      for (const share of [0.5, 0.7, 0.5, 0.3, 0.5])
        seen.push(...(await runner.tick([{}], cpu(share))));
      assert.deepEqual(seen, [0, 1, 1, 0, 0]);
    },
  );

  const ORDER = {
    facts: { word: { type: 'string' } },
    rules: [
      nodeRule('low', { all: [compare('hostCpu', 'greaterThan', 0.1)] }, 'word', 'low'),
      nodeRule('high', { all: [compare('hostCpu', 'greaterThan', 0.5)] }, 'word', 'high', {
        priority: 9,
      }),
      flowRule('a', { all: [compare('word', 'equal', 'high')] }),
      flowRule('b', { all: [compare('word', 'equal', 'low')] }, { event: { type: 'onload' } }),
      flowRule('c', { all: [compare('word', 'equal', null)] }, { event: { type: 'slow-path' } }),
    ],
  };
  withBoth(
    'set a fact in order of priority, and it is missing if none holds',
    policies(ORDER),
    async (runner) => {
      assert.deepEqual(await runner.tick([{}], cpu(0.7)), [RequestedPlacement.offload]);
      assert.deepEqual(await runner.tick([{}], cpu(0.3)), [RequestedPlacement.onload]);
      assert.deepEqual(await runner.tick([{}], cpu(0.05)), [RequestedPlacement.slowPath]);
    },
  );

  const two = (initial: boolean) => ({
    facts: { word: { type: 'boolean', initial } },
    rules: [flowRule('r', { all: [compare('word', 'equal', true)] })],
  });
  withBoth(
    "and their facts are each policy's own",
    policies(two(false), two(true)),
    async (runner) => {
      await runner.tick([{}]);
      assert.equal(runner.evaluator.rules[runner.table.decision.rule[0] - 1].name, 'p1/r');
      const traces = await runner.evaluator.explain(runner.table, 0, contextOf());
      const labels = traces.map(({ condition }) =>
        condition.kind === 'all' ? condition.of[0] : undefined,
      );
      assert.deepEqual(
        labels.map((t) => (t?.kind === 'compare' ? [t.fact, t.actual, t.verdict] : [])),
        [
          ['p0/word', false, false],
          ['p1/word', true, true],
        ],
      );
    },
  );
});

describe('shadow policies', () => {
  const live = {
    rules: [flowRule('live', { all: [compare('packetsPerSecond', 'greaterThan', 100)] })],
  };
  const shadow = {
    mode: 'shadow',
    rules: [
      flowRule(
        'first',
        { all: [compare('packetsPerSecond', 'greaterThan', 500)] },
        { priority: 9, event: { type: 'onload', params: { score: 7 } } },
      ),
      flowRule('more', { all: [compare('packetsPerSecond', 'greaterThan', 10)] }),
    ],
  };
  withBoth(
    'write their own columns, as if they were enforced',
    policies(live, shadow),
    async (runner) => {
      const flows = [5, 50, 200, 900].map((packetsPerSecond) => ({
        packetsPerSecond,
        worth: packetsPerSecond - 1,
      }));
      assert.deepEqual(await runner.tick(flows), [
        0,
        0,
        RequestedPlacement.offload,
        RequestedPlacement.offload,
      ]);
      const columns = runner.table.shadow;
      assert(columns !== undefined);
      const { rules } = runner.evaluator;
      assert.deepEqual(
        flows.map((_, i) => {
          const row = runner.rowOf(i);
          return [columns.requested[row], columns.score[row], rules[columns.rule[row] - 1]?.name];
        }),
        [
          [0, 0, undefined],
          [RequestedPlacement.offload, 49, 'p1/more'],
          [RequestedPlacement.offload, 199, 'p0/live'],
          [RequestedPlacement.onload, 7, 'p1/first'],
        ],
      );
      assert.deepEqual(
        flows.map((_, i) => rules[runner.table.decision.rule[runner.rowOf(i)] - 1]?.name),
        [undefined, undefined, 'p0/live', 'p0/live'],
      );
    },
  );

  withBoth('have columns only while a policy is in shadow mode', policies(live), async (runner) => {
    runner.table.keepShadow(true);
    await runner.tick([{}]);
    assert.equal(runner.table.shadow, undefined);
  });

  it('have columns that grow with the table and start empty for a new flow', () => {
    const table = new FlowTable();
    table.keepShadow(true);
    readInto(
      table,
      1000,
      Array.from({ length: 300 }, () => ({})),
    );
    assert(table.shadow !== undefined && table.shadow.requested.length >= 300);
    table.shadow.requested.fill(3);
    readInto(table, 2000, []);
    readInto(table, 3000, [{}]);
    assert.equal(table.shadow.requested[table.rows[0]], 0);
  });
});

describe('rates of change', () => {
  const set = policies({
    rules: [
      flowRule(
        'rise',
        { all: [compare('packetsPerSecond', 'risesFasterThan', '100pps/s')] },
        { priority: 3 },
      ),
      flowRule(
        'fall',
        { all: [compare('packetsPerSecond', 'fallsFasterThan', '100pps/s')] },
        { priority: 2, event: { type: 'onload' } },
      ),
      flowRule(
        'cpu',
        { all: [compare('rateOfChange', 'greaterThan', '20%/s', { params: { of: 'hostCpu' } })] },
        { event: { type: 'slow-path' } },
      ),
    ],
  });
  withBoth('are computed from two ticks', set, async (runner) => {
    const of = (packetsPerSecond: number) => [{ packetsPerSecond }];
    assert.deepEqual(await runner.tick(of(0)), [0], 'seen but once');
    assert.deepEqual(await runner.tick(of(101)), [RequestedPlacement.offload]);
    assert.deepEqual(await runner.tick(of(201)), [0]);
    assert.deepEqual(await runner.tick(of(100)), [RequestedPlacement.onload]);
    assert.deepEqual(await runner.tick(of(100), cpu(0.1)), [0], 'not known before');
    assert.deepEqual(await runner.tick(of(100), cpu(0.4)), [RequestedPlacement.slowPath]);
    assert.deepEqual(await runner.tick([]), []);
    assert.deepEqual(await runner.tick(of(5000)), [0], 'another flow in the same row');
  });
});

describe('schedules', () => {
  const set = policies({
    schedules: { night: { cron: '0 2 * * *', duration: '1h' } },
    rules: [
      flowRule('night', ANY, { active: 'night', priority: 2, event: { type: 'onload' } }),
      flowRule('day', {
        all: [compare('scheduleActive', 'equal', false, { params: { schedule: 'night' } })],
      }),
    ],
  });
  withBoth('make rules hold only while they are active', set, async (runner) => {
    const at = (iso: string) => ({ wallMs: Date.parse(iso) });
    assert.deepEqual(await runner.tick([{}], at('2026-01-01T01:59:59Z')), [
      RequestedPlacement.offload,
    ]);
    assert.deepEqual(await runner.tick([{}], at('2026-01-01T02:00:00Z')), [
      RequestedPlacement.onload,
    ]);
    assert.deepEqual(await runner.tick([{}], at('2026-01-01T03:00:00Z')), [
      RequestedPlacement.offload,
    ]);
    assert.deepEqual(await runner.tick([{}]), [RequestedPlacement.onload], 'without a wall clock');
  });
});

describe('slices', () => {
  const set = policies({
    slices: {
      'by-port': { members: [{ port: 'vm1', vlan: 5 }] },
      'by-vm': { members: [{ vm: 'a' }], guaranteed: 2, maximum: '50%', weight: 3 },
      'by-subnet': { members: [{ subnet: '10.1.0.0/16' }, { subnet: 'fd00::/8' }] },
    },
    rules: [
      flowRule('r', {
        any: [
          compare('sliceRank', 'lessThanInclusive', { fact: 'sliceGuaranteed' }),
          compare('sliceUse', 'greaterThan', 99, { params: { slice: 'by-vm' }, path: '$.entries' }),
          compare('newFlowsPerSecond', 'greaterThan', 99),
          compare('sliceEntries', 'greaterThan', 99),
        ],
      }),
    ],
  });
  const ports = new Map([
    ['vm1', portInfo({ name: 'vm1', vm: 'x', slice: 'from-port' })],
    ['vm2', portInfo({ name: 'vm2', vm: 'a' })],
    ['up', portInfo({ name: 'up', kind: 'uplink' })],
  ]);
  const out = (port: string) => [{ kind: 'output', port } as const];
  const flows: readonly (readonly [string | undefined, Flow])[] = [
    ['by-port', { fields: exactly({ vlan_vid: 5 }), actions: out('up') }],
    ['from-port', { fields: exactly({ vlan_vid: 6 }), actions: out('up') }],
    ['by-vm', { inPort: 'vm2', actions: out('up'), packetsPerSecond: 10 }],
    ['by-vm', { inPort: 'up', actions: out('vm2'), packetsPerSecond: 30, placement: 1 }],
    ['by-vm', { inPort: 'vm2', actions: out('up'), packetsPerSecond: 35 }],
    [
      'by-subnet',
      { inPort: 'up', actions: out('up'), fields: exactly({ ipv4_dst: [10, 1, 2, 3] }) },
    ],
    [undefined, { inPort: 'up', actions: out('up'), fields: exactly({ ipv4_dst: [10, 2, 2, 3] }) }],
  ];
  const context = { ports, tables: [{ placement: 'offload', entries: 8, used: 1 } as const] };

  it("contain their declared members, else the port's; and have totals and ranks", async () => {
    const memory = new PolicyMemory(set);
    const table = new FlowTable();
    readInto(
      table,
      1000,
      flows.map(([, flow]) => flow),
    );
    const now = contextOf({ nowMs: 1000, ...context });
    await memory.update(table, now);
    const view = new FlowView(table, now, memory);
    const read = (row: number, fact: string, params = {}) => {
      view.row = row;
      return memory.factNamed(fact)?.read(view, params);
    };
    assert.deepEqual(
      flows.map((_, row) => read(row, 'slice')),
      flows.map(([slice]) => slice),
    );
    const vm = [2, 3, 4];
    assert.deepEqual(
      vm.map((row) => read(row, 'sliceRank')),
      [3, 1, 2],
      'what is placed keeps its place',
    );
    assert.deepEqual(
      vm.map((row) => read(row, 'sliceEntries')),
      [1, 1, 1],
    );
    const limits = ['sliceGuaranteed', 'sliceMaximum', 'sliceWeight'];
    assert.deepEqual(
      limits.map((fact) => read(2, fact)),
      [2, 4, 3],
    );
    assert.deepEqual(
      limits.map((fact) => read(0, fact)),
      [0, 8, 1],
    );
    assert.deepEqual(
      limits.map((fact) => read(1, fact)),
      [undefined, undefined, undefined],
    );
    assert.deepEqual(read(0, 'sliceUse', { slice: 'by-vm' }), {
      flows: 3,
      entries: 1,
      bitsPerSecond: 0,
      packetsPerSecond: 75,
    });
    assert.deepEqual(read(0, 'table', { placement: 'offload' }), {
      entries: 8,
      used: 1,
      free: 7,
      fill: 0.125,
    });
    assert.equal(read(0, 'table', { placement: 'fast-path' }), undefined);
    assert.equal(read(0, 'newFlowsPerSecond'), undefined);
    readInto(table, 3000, [...flows.map(([, flow]) => flow), {}, {}]);
    await memory.update(table, contextOf({ nowMs: 3000, ...context }));
    assert.equal(read(0, 'newFlowsPerSecond'), 1);
  });

  withBoth('are available to rules', set, async (runner) => {
    const list = flows.map(([, flow]) => flow);
    const requests = await runner.tick(list, context);
    assert.deepEqual(requests, [
      0,
      0,
      0,
      RequestedPlacement.offload,
      RequestedPlacement.offload,
      0,
      0,
    ]);
    runner.table.decision.placement[runner.rowOf(2)] = Placement.offload;
    const more = list.map((flow, i) => (i === 2 ? { ...flow, packetsPerSecond: 90 } : flow));
    assert.deepEqual(await runner.tick(more, context), [
      0,
      0,
      RequestedPlacement.offload,
      RequestedPlacement.offload,
      0,
      0,
      0,
    ]);
  });
});
