import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { PortsFollower } from '../../daemon/ports-follower.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';

const snapshot = (): PortSnapshot => new Map();

describe('ports follower', () => {
  it('delivers snapshots one at a time, and only the newest of several', async () => {
    const seen: PortSnapshot[] = [];
    let release: () => void = () => undefined;
    const follower = new PortsFollower((ports) => {
      seen.push(ports);
      return new Promise((resolve) => (release = resolve));
    });
    const [first, second, third] = [snapshot(), snapshot(), snapshot()];
    follower.changed(first);
    follower.changed(second);
    follower.changed(third);
    assert.ok(follower.behind);
    release();
    await turn();
    release();
    await turn();
    assert.equal(seen.length, 2);
    assert.ok(seen[0] === first && seen[1] === third);
    assert.ok(!follower.behind);
  });

  it('delivers a snapshot again that is reported while it is being delivered', async () => {
    const deliveries: (() => void)[] = [];
    const follower = new PortsFollower(() => new Promise((resolve) => deliveries.push(resolve)));
    const ports = snapshot();
    follower.changed(ports);
    // A backend that has just started missed the first delivery.
    follower.changed(ports);
    deliveries[0]();
    await turn();
    assert.equal(deliveries.length, 2);
    assert.ok(follower.behind);
    deliveries[1]();
    await turn();
    assert.ok(!follower.behind);
  });

  it('keeps a snapshot pending until its delivery succeeds', async () => {
    let broken = true;
    const follower = new PortsFollower(() =>
      broken ? Promise.reject(new Error('busy')) : Promise.resolve(),
    );
    follower.changed(snapshot());
    await turn();
    assert.ok(follower.behind);
    broken = false;
    follower.retry();
    await turn();
    assert.ok(!follower.behind);
  });
});
