import assert from 'node:assert/strict';
import { untilProcessorsCount } from '../../lab/testbed/uptime.ts';

describe('the wait for a machine to be up', () => {
  it('ends when the machine has been up for more than 10 s, not before', async () => {
    const readings = [9.98, 9.99, 10, 10.01, 10.02];
    const read: number[] = [];
    await untilProcessorsCount(() => {
      const next = readings[read.length];
      read.push(next);
      return next;
    });
    assert.deepEqual(read, [9.98, 9.99, 10, 10.01]);
  });
});
