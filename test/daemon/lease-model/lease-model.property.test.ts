import assert from 'node:assert/strict';
import { holds, round } from './schedules.ts';
import { FLOWS, LEASE_MS, Spec } from './spec.ts';
import { World } from './world.ts';

describe('model of the lease', function () {
  this.timeout(60_000);

  it('carries packets of a healthy node', async () => {
    const spec = new Spec();
    const world = new World(spec, undefined);
    await world.start();
    for (let i = 0; i < 20; i++) {
      await round.run(spec, world);
      spec.clock.advance(LEASE_MS / 4);
      assert.equal(world.device.carrying().length, FLOWS.length);
    }
  });

  it('carries packets between rare readings if the entries are checked', async () => {
    const spec = new Spec();
    const world = new World(spec, undefined);
    await world.start();
    await round.run(spec, world);
    for (let i = 0; i < 20; i++) {
      spec.clock.advance(LEASE_MS / 2);
      world.check();
      for (let n = 0; n < FLOWS.length; n++) {
        await world.settle();
        world.lookUp();
        world.answer();
      }
      await world.settle();
      world.renew();
      await world.settle();
      assert.equal(world.device.carrying().length, FLOWS.length);
    }
  });

  it('no packet follows an entry after a lapse or later than a lease after a change', async () => {
    await holds(undefined, 1_000, 11);
  });

  for (const fault of [
    'deadline-from-now',
    'lapse-not-checked',
    'verified-at-the-reply',
    'port-change-ignored',
    'verified-at-the-last-flow',
    'one-flow-skipped',
    'panic-forgotten',
  ] as const) {
    it(`finds the fault ${fault}`, async () => {
      await assert.rejects(holds(fault, 3_000, 11), (error: Error) => {
        assert.match(error.message, /Property failed after/);
        assert.match(String(error.cause), /follow|passes the limit/);
        return true;
      });
    });
  }
});
