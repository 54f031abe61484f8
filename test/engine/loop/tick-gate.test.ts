import assert from 'node:assert/strict';
import { type Permission, TickGate } from '../../../engine/loop/tick-gate.ts';
import { RequestedPlacement } from '../../../engine/model/flow.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import { FakeBackend } from '../../support/fake-backend.ts';
import { NO_PORTS, Rig } from './engine-rig.ts';

const FRESH = { flowsFresh: true, fresh: true, ports: NO_PORTS };
const OTHER_PORTS: PortSnapshot = new Map();

function format(permission: Permission): string {
  return permission.may === 'move' ? 'move' : `${permission.may}: ${permission.why}`;
}

describe('what a tick may do', () => {
  it('is decided by its sources, the ports and the panic button', () => {
    const gate = new TickGate();
    const open = (tick: Partial<typeof FRESH> = {}): string =>
      format(gate.open({ ...FRESH, ...tick }));
    assert.equal(open(), 'move');
    assert.equal(open({ fresh: false }), 'enforce: stale-sources');
    assert.equal(open({ flowsFresh: false, fresh: false }), 'nothing: stale-flows');
    gate.portsChanged(OTHER_PORTS);
    assert.equal(open(), 'evaluate: ports-changed');
    assert.equal(open({ ports: OTHER_PORTS }), 'move');
    gate.hold();
    assert.equal(open({ ports: OTHER_PORTS }), 'evaluate: held');
    assert.equal(open({ fresh: false }), 'enforce: stale-sources', 'no need for a hold');
    gate.resume();
    assert.equal(open({ ports: OTHER_PORTS }), 'move');
  });

  it('is nothing before the first tick', () => {
    assert.equal(format(new TickGate().permission), 'nothing: stale-flows');
  });

  it('is nothing with a backend that has not been started', () => {
    const gate = new TickGate();
    gate.open(FRESH);
    assert.equal(format(gate.forBackend({ up: false })), 'nothing: not-started');
    assert.equal(format(gate.forBackend({ up: true })), 'move');
  });

  it('can be revoked during the tick, and is not restored', () => {
    const gate = new TickGate();
    gate.open(FRESH);
    gate.portsChanged(NO_PORTS);
    assert.equal(format(gate.permission), 'move', 'the ports of the tick');
    gate.portsChanged(OTHER_PORTS);
    assert.equal(format(gate.permission), 'evaluate: ports-changed');
    gate.portsChanged(NO_PORTS);
    assert.equal(format(gate.permission), 'evaluate: ports-changed');
    gate.open(FRESH);
    gate.hold();
    gate.resume();
    assert.equal(format(gate.permission), 'evaluate: held');
    gate.open({ ...FRESH, fresh: false });
    gate.hold();
    assert.equal(format(gate.permission), 'enforce: stale-sources');
  });

  describe('in the engine', () => {
    /** Calls `what` while rules are evaluated; the returned function waits for its result. */
    function duringRules(rig: Rig, what: () => Promise<unknown>): () => Promise<unknown> {
      let done: Promise<unknown> = Promise.resolve();
      const evaluate = rig.evaluator.evaluate.bind(rig.evaluator);
      rig.evaluator.evaluate = (table) => {
        done = what();
        return evaluate(table);
      };
      return () => done;
    }

    it('is in the report, and limits what is done', async () => {
      const rig = new Rig();
      const nothing = await rig.tick([], { flowsFresh: false });
      assert.deepEqual(nothing.permission, { may: 'nothing', why: 'stale-flows' });
      assert.equal(nothing.evaluation, undefined);
      const move = await rig.tick([{ n: 1 }]);
      assert.deepEqual(move.permission, { may: 'move' });
      assert.deepEqual(rig.installed(), [1]);
      const enforce = await rig.tick([{ n: 1, actions: [] }, { n: 2 }], { fresh: false });
      assert.deepEqual(enforce.permission, { may: 'enforce', why: 'stale-sources' });
      assert.equal(enforce.evaluation, undefined);
      assert.deepEqual(
        rig.installed(),
        [],
        'the changed entry is removed, and no other is installed',
      );
      const evaluate = await rig.tick([{ n: 1 }], { ports: OTHER_PORTS });
      assert.deepEqual(evaluate.permission, { may: 'move' }, 'no ports were passed yet');
      await rig.engine.portsChanged(OTHER_PORTS, rig.table);
      const unsettled = await rig.tick([{ n: 1 }]);
      assert.deepEqual(unsettled.permission, { may: 'evaluate', why: 'ports-changed' });
      assert.equal(unsettled.evaluation?.evaluated, 1);
      assert.deepEqual(rig.installed(), []);
    });

    it('is revoked by ports that change while rules are evaluated', async () => {
      const rig = new Rig();
      const done = duringRules(rig, () => rig.engine.portsChanged(OTHER_PORTS, rig.table));
      const { permission } = await rig.tick([{ n: 1 }]);
      await done();
      assert.deepEqual(permission, { may: 'evaluate', why: 'ports-changed' });
      assert.deepEqual(rig.installed(), []);
    });

    it('is revoked by the panic button, even if it is resumed immediately', async () => {
      const rig = new Rig();
      const done = duringRules(rig, async () => {
        const withdrawn = rig.engine.onloadAll(rig.table);
        rig.engine.resume();
        await withdrawn;
      });
      const { permission } = await rig.tick([{ n: 1 }]);
      await done();
      assert.deepEqual(permission, { may: 'evaluate', why: 'held' });
      assert.deepEqual(rig.installed(), []);
    });

    it('allows audits only if flows may be moved', async () => {
      const backend = new FakeBackend();
      await new Rig(backend).tick([{ n: 1 }]);
      const rig = new Rig(backend);
      rig.evaluator.requested = () => ({ requested: RequestedPlacement.none, score: 0 });
      const before = backend.log.length;
      await rig.tick([{ n: 1 }], { fresh: false });
      assert.equal(backend.log.length, before);
      await rig.tick([{ n: 1 }]);
      assert.deepEqual(backend.log.slice(before), ['put 1']);
    });
  });
});
