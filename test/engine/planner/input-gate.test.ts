import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Placement, RequestedPlacement } from '../../../engine/model/flow.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { InputGate, type InputUse } from '../../../engine/planner/input-gate.ts';
import type { InputPort } from '../../../engine/ports/offload-backend.ts';
import { anyFrom, flowId, outputTo, rowOf } from '../../support/flows.ts';

const MTU_FRAME = 1518;

interface Flow {
  readonly port?: string;
  readonly packetsPerSecond: number;
  /** Mean size of a packet, bytes. */
  readonly bytes?: number;
  readonly requested?: boolean;
  readonly placed?: boolean;
}

function tableOf(flows: readonly Flow[]): FlowTable {
  const table = new FlowTable();
  table.begin(0);
  for (const [n, flow] of flows.entries()) {
    const { port = 'vm1', packetsPerSecond, bytes = 500 } = flow;
    const row = table.add(flowId(n), anyFrom(port), outputTo('vm9'));
    table.observe(row, 0, 0, 0);
    table.rates.packetsPerSecond[row] = packetsPerSecond;
    table.rates.bitsPerSecond[row] = 8 * bytes * packetsPerSecond;
    table.forecast.worth[row] = packetsPerSecond;
    const { offload, none } = RequestedPlacement;
    table.decision.requested[row] = flow.requested === true ? offload : none;
    table.decision.placement[row] = flow.placed === true ? Placement.offload : Placement.onload;
  }
  table.end();
  return table;
}

const veth: InputPort = {
  name: 'vm1',
  isOpen: false,
  maxBytes: MTU_FRAME,
  splitsSegments: true,
};

describe('ports that flows may enter a backend by', () => {
  const gate = (): InputGate => new InputGate();

  function weigh(
    g: InputGate,
    table: FlowTable,
    input: Partial<InputPort> = {},
    nowMs = 0,
    isCandidate: (row: number) => boolean = () => true,
  ): InputUse {
    const inputs = [{ ...veth, ...input }];
    g.weigh({ table, placement: Placement.offload, inputs, nowMs, isCandidate });
    return g.uses()[0];
  }

  it('are worth it when nothing else is on them', () => {
    const table = tableOf([{ packetsPerSecond: 10, requested: true }]);
    const g = gate();
    assert.deepEqual(weigh(g, table), {
      port: 'vm1',
      isOpen: false,
      isWorth: true,
      saves: 10,
      costs: 0,
    });
    assert.equal(g.obstacle(table, rowOf(table, 0)), undefined);
  });

  it('are not worth it for a small flow beside one whose segments would be split', () => {
    const flows = [
      { packetsPerSecond: 1000, requested: true },
      { packetsPerSecond: 5000, bytes: 10 * MTU_FRAME },
    ];
    const table = tableOf(flows);
    const g = gate();
    const { isWorth, costs } = weigh(g, table);
    // Each segment becomes ten packets: 45,000 packets/s more. Passing 5,000 on costs 250.
    assert.equal(Math.round(costs), 45_250);
    assert.equal(isWorth, false);
    assert.equal(g.obstacle(table, rowOf(table, 0)), 'port-cost');
  });

  it('cost what splitting costs only where senders split', () => {
    const table = tableOf([
      { packetsPerSecond: 1000, requested: true },
      { packetsPerSecond: 5000, bytes: 10 * MTU_FRAME },
    ]);
    const use = weigh(gate(), table, { splitsSegments: false });
    assert.deepEqual([use.costs, use.isWorth], [250, true]);
  });

  it('are closed to flows whose packets no entry can carry', () => {
    const table = tableOf([{ packetsPerSecond: 5000, bytes: 10 * MTU_FRAME, requested: true }]);
    const g = gate();
    assert.equal(weigh(g, table).saves, 0);
    assert.equal(g.obstacle(table, rowOf(table, 0)), 'oversized');
    weigh(g, table, { maxBytes: Infinity });
    assert.equal(g.obstacle(table, rowOf(table, 0)), undefined);
  });

  it('do not count flows that cannot have an entry', () => {
    const table = tableOf([{ packetsPerSecond: 5000, requested: true }]);
    assert.equal(weigh(gate(), table, {}, 0, () => false).saves, 0);
  });

  it('remember what splitting costs while they are open, when it cannot be seen', () => {
    const g = gate();
    const elephant = { packetsPerSecond: 5000, bytes: 10 * MTU_FRAME };
    const closed = tableOf([{ packetsPerSecond: 400_000, requested: true }, elephant]);
    for (let i = 0; i < 20; i++) assert.equal(weigh(g, closed).isWorth, true);
    const before = g.uses()[0].costs;
    // Open: the same bits arrive as packets of the MTU.
    const open = tableOf([
      { packetsPerSecond: 20_000, placed: true },
      { packetsPerSecond: 50_000, bytes: MTU_FRAME },
    ]);
    const use = weigh(g, open, { isOpen: true }, 60_000);
    assert.ok(use.costs > 0.9 * before, `${use.costs} of ${before}`);
    assert.equal(use.isWorth, false, 'the entries no longer save what splitting costs');
    assert.equal(g.obstacle(open, rowOf(open, 0)), 'port-cost');
  });

  it('change neither for small differences nor often', () => {
    const g = gate();
    // Costs 0.05 packets/s for each of 20,000 that are passed on: 1,000.
    const at = (saves: number, nowMs: number) => {
      const flows = [{ packetsPerSecond: saves, requested: true }, { packetsPerSecond: 20_000 }];
      return weigh(g, tableOf(flows), {}, nowMs).isWorth;
    };
    assert.equal(at(1400, 0), false);
    assert.equal(at(1600, 1000), true);
    assert.equal(at(100, 2000), true, 'only a second later');
    assert.equal(at(700, 12_000), true, 'a small difference');
    assert.equal(at(600, 12_000), false);
    assert.equal(at(5000, 13_000), false, 'only a second later');
    assert.equal(at(5000, 23_000), true);
  });

  it('do not close for costs of next to nothing, which would keep the next flow waiting', () => {
    const g = gate();
    const rest = { packetsPerSecond: 0.5 };
    weigh(g, tableOf([{ packetsPerSecond: 20, requested: true }, rest]));
    // The flow has ended, and a few packets of others pass.
    const over = tableOf([{ packetsPerSecond: 0.001, placed: true }, rest]);
    assert.equal(weigh(g, over, { isOpen: true }, 20_000).isWorth, true);
    const next = tableOf([{ packetsPerSecond: 20, requested: true }, rest]);
    weigh(g, next, { isOpen: true }, 21_000);
    assert.equal(g.obstacle(next, rowOf(next, 0)), undefined);
    // Where others send more, it closes.
    const busy = tableOf([{ packetsPerSecond: 0.001, placed: true }, { packetsPerSecond: 100 }]);
    assert.equal(weigh(g, busy, { isOpen: true }, 40_000).isWorth, false);
  });

  it('wait for a flow that is expected to send, and do not call that a cost', () => {
    const table = tableOf([{ packetsPerSecond: 0, requested: true }]);
    const g = gate();
    assert.equal(weigh(g, table).isWorth, false);
    assert.equal(g.obstacle(table, rowOf(table, 0)), 'below-threshold');
    const sending = tableOf([{ packetsPerSecond: 1, requested: true }]);
    weigh(g, sending, {}, 1_000);
    assert.equal(g.obstacle(sending, rowOf(sending, 0)), undefined);
  });

  it('stay open after a restart until the traffic of their entries is known', () => {
    const g = gate();
    const adopted = tableOf([{ packetsPerSecond: 0, placed: true }]);
    weigh(g, adopted, { isOpen: true });
    assert.equal(g.obstacle(adopted, rowOf(adopted, 0)), undefined);
    const flows = [{ packetsPerSecond: 1, placed: true }, { packetsPerSecond: 20_000 }];
    assert.equal(weigh(g, tableOf(flows), { isOpen: true }, 9_000).isWorth, true);
    assert.equal(weigh(g, tableOf(flows), { isOpen: true }, 10_000).isWorth, false);
  });

  it('come to rest on constant traffic', () => {
    const flow = fc.record({
      packetsPerSecond: fc.double({ min: 0, max: 1e5, noNaN: true }),
      bytes: fc.integer({ min: 60, max: 60_000 }),
      requested: fc.boolean(),
      placed: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(flow, { maxLength: 8 }), fc.boolean(), (flows, splitsSegments) => {
        const table = tableOf(flows);
        const g = gate();
        let changes = 0;
        let last: boolean | undefined;
        for (let nowMs = 0; nowMs < 300_000; nowMs += 1000) {
          const { isWorth } = weigh(g, table, { splitsSegments }, nowMs);
          if (nowMs > 30_000 && last !== isWorth) changes++;
          last = isWorth;
        }
        assert.equal(changes, 0);
      }),
      { numRuns: 50 },
    );
  });
});
