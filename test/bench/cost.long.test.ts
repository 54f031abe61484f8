import assert from 'node:assert/strict';
import { needs } from '../support/needs.ts';
import { run } from '../../bench/cost/bench.ts';

describe('the bench of the cost of a tick', function () {
  this.timeout(170_000);

  before(function () {
    needs(this, 'root', 'netns', 'ovs', 'xdp', 'debian-python3');
  });

  it('compares the daemon with ovs-vswitchd on the same flows', async () => {
    const { comparisons, notes } = await run({ quick: true, signal: new AbortController().signal });
    const [{ name, ours, peer, unit }] = comparisons;
    assert.equal(name, 'CPU of a tick, 2000 flows');
    assert.equal(unit, 'ms');
    assert(ours > 0 && peer > 0, JSON.stringify(comparisons));
    assert.match(notes[0], /^ours: \d+ ticks in /);
  });
});
