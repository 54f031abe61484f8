import assert from 'node:assert/strict';
import { RequestedPlacement } from '../../../engine/model/flow.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import {
  beginReasons,
  giveReason,
  type ReasonCode,
  REASONS,
  ReasonStage,
  reasonIndex,
} from '../../../engine/model/reason.ts';
import { FakeBackend } from '../../support/fake-backend.ts';
import { outputTo, read, rowOf } from '../../support/flows.ts';
import { NO_PORTS, Rig } from './engine-rig.ts';

type StageName = keyof typeof ReasonStage;

/** A code per stage, which identifies the stage that won. */
const CODE: Record<Exclude<StageName, 'none'>, ReasonCode> = {
  gate: 'stale',
  enforcement: 'actions-changed',
  request: 'no-rule',
  plan: 'table-full',
  operation: 'refused',
};

function isStage(name: string): name is keyof typeof CODE {
  return name in CODE;
}

const STAGES = Object.keys(ReasonStage).filter(isStage);

describe('among the reasons that stages give a flow in one tick', () => {
  function given(...stages: readonly (keyof typeof CODE)[]): string {
    const table = new FlowTable();
    read(table, 0, [{ n: 1 }]);
    beginReasons(table.decision);
    const row = rowOf(table, 1);
    for (const stage of stages) {
      giveReason(table.decision, row, ReasonStage[stage], reasonIndex(CODE[stage]));
    }
    return REASONS[table.decision.reason[row]].code;
  }

  it('the one of the later stage wins, regardless of the order in time', () => {
    assert.deepEqual(STAGES, ['gate', 'enforcement', 'request', 'plan', 'operation']);
    for (const [i, weak] of STAGES.entries()) {
      for (const strong of STAGES.slice(i + 1)) {
        assert.equal(given(weak, strong), CODE[strong], `${weak}, then ${strong}`);
        // The removal of an entry overrides all earlier reasons.
        const after = weak === 'enforcement' ? weak : strong;
        assert.equal(given(strong, weak), CODE[after], `${strong}, then ${weak}`);
      }
    }
  });

  it('the last one of a stage wins', () => {
    const table = new FlowTable();
    read(table, 0, [{ n: 1 }]);
    const row = rowOf(table, 1);
    for (const code of ['placed', 'small-gain'] as const) {
      giveReason(table.decision, row, ReasonStage.plan, reasonIndex(code));
    }
    assert.equal(REASONS[table.decision.reason[row]].code, 'small-gain');
  });

  it('those of the last tick have no precedence, and remain until they are replaced', () => {
    const table = new FlowTable();
    read(table, 0, [{ n: 1 }]);
    const row = rowOf(table, 1);
    giveReason(table.decision, row, ReasonStage.operation, reasonIndex('refused'));
    beginReasons(table.decision);
    assert.equal(REASONS[table.decision.reason[row]].code, 'refused');
    giveReason(table.decision, row, ReasonStage.gate, reasonIndex('stale'));
    assert.equal(REASONS[table.decision.reason[row]].code, 'stale');
  });

  describe('in the engine', () => {
    it('changed actions win over stale counters, for one tick', async () => {
      const rig = new Rig();
      await rig.tick([{ n: 1 }, { n: 2 }]);
      await rig.tick([{ n: 1, actions: [] }, { n: 2 }], { fresh: false });
      assert.deepEqual([rig.reason(1), rig.reason(2)], ['actions-changed', 'stale']);
      await rig.tick([{ n: 1 }, { n: 2 }], { fresh: false });
      assert.equal(rig.reason(1), 'stale');
    });

    it('the rules’ current request wins over a removed entry', async () => {
      const rig = new Rig();
      await rig.tick([{ n: 1 }]);
      rig.evaluator.requested = () => ({ requested: RequestedPlacement.none, score: 0 });
      await rig.tick([{ n: 1, actions: outputTo('vm3') }]);
      assert.equal(rig.reason(1), 'no-rule');
    });

    it('the plan wins over an audit, and the backend’s answer over the plan', async () => {
      const rig = new Rig(new FakeBackend(1), { minHoldMs: 0 });
      await rig.tick([{ n: 1 }]);
      const next = new Rig(rig.backend, { minHoldMs: 0 });
      next.evaluator.requested = (row) => ({
        requested: RequestedPlacement.offload,
        score: row === rowOf(next.table, 2) ? 9 : 1,
      });
      rig.backend.refuse = (operation) =>
        operation.kind === 'put' && operation.flow.id.w3 === 2
          ? { code: 'table-full', detail: '1 entry' }
          : undefined;
      await next.tick([{ n: 1 }, { n: 2 }]);
      assert.equal(next.reason(2), 'refused', 'chosen, and then refused');
      assert.equal(next.reason(1), 'placed', 'keeps its entry instead of being displaced');
      rig.backend.refuse = () => undefined;
      next.clock.advance(1000);
      await next.tick([{ n: 1 }, { n: 2 }]);
      assert.equal(next.reason(1), 'table-full', 'displaced');
    });

    it('a port that is removed after the plan wins over it', async () => {
      const rig = new Rig();
      await rig.tick([{ n: 1 }]);
      assert.equal(rig.reason(1), 'placed');
      await rig.engine.portsChanged(NO_PORTS, rig.table);
      assert.equal(rig.reason(1), 'port-gone');
    });

    it('the panic button wins over the plan, for as long as the hold', async () => {
      const rig = new Rig();
      await rig.tick([{ n: 1 }]);
      await rig.engine.onloadAll(rig.table);
      assert.equal(rig.reason(1), 'held');
      await rig.tick([{ n: 1 }]);
      assert.equal(rig.reason(1), 'held');
    });
  });
});
