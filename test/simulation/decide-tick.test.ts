import assert from 'node:assert/strict';
import { BackendsFailed } from '../../engine/loop/backend-failure.ts';
import { decideTick, type SimulatedTick, SimulatedTickHeld } from '../../simulation/decide-tick.ts';
import { Rig } from '../engine/loop/engine-rig.ts';
import { read } from '../support/flows.ts';

describe('a simulated tick', () => {
  function tickOf({ table, clock }: Rig): SimulatedTick {
    clock.advance(500);
    read(table, clock.now(), [{ n: 1 }]);
    const node = { hostCpu: undefined, portLoad: new Map() };
    return { sequence: 7, atMs: clock.now(), table, node, ports: new Map() };
  }

  it('may move flows', async () => {
    const rig = new Rig();
    const { permission } = await decideTick(rig.engine, tickOf(rig), rig.signal);
    assert.deepEqual(permission, { may: 'move' });
    assert.deepEqual(rig.installed(), [1]);
  });

  it('fails when it may not: the backends know other ports', async () => {
    const rig = new Rig();
    await rig.engine.portsChanged(new Map(), rig.table);
    await assert.rejects(decideTick(rig.engine, tickOf(rig), rig.signal), (error) => {
      assert.ok(error instanceof SimulatedTickHeld);
      assert.match(error.message, /tick 7 .* may only evaluate \(ports-changed\)/);
      return true;
    });
  });

  it('fails when a backend does', async () => {
    const rig = new Rig();
    rig.backend.breakWith = new Error('no memory');
    await assert.rejects(decideTick(rig.engine, tickOf(rig), rig.signal), (error) => {
      assert.ok(error instanceof BackendsFailed);
      assert.match(error.message, /^simulated tick 7 failed: fake: no memory$/);
      return true;
    });
  });
});
