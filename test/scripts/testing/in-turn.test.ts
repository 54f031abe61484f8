import assert from 'node:assert/strict';
import { inTurn } from '../../../scripts/testing/in-turn.mjs';

const files = ['test/a.test.ts'];

describe('lanes of a stage', () => {
  it('run in parallel, and each after the lane that it waits for', async () => {
    const lanes = [
      { name: 'a', files },
      { name: 'b', files },
      { name: 'c', files, after: 'a' },
      { name: 'd', files, after: 'not in this run' },
    ];
    const events: string[] = [];
    const end = new Map<string, () => void>();
    const all = inTurn(lanes, async ({ name }) => {
      events.push(name);
      await new Promise<void>((resolve) => end.set(name, resolve));
      events.push(`${name} has ended`);
      return name;
    });
    assert.deepEqual(events, ['a', 'b', 'd']);
    for (const name of ['b', 'a', 'd']) end.get(name)?.();
    await new Promise(setImmediate);
    end.get('c')?.();
    assert.deepEqual(await all, ['a', 'b', 'c', 'd']);
    assert.deepEqual(events.slice(3), [
      'b has ended',
      'a has ended',
      'd has ended',
      'c',
      'c has ended',
    ]);
  });
});
