import assert from 'node:assert/strict';
import {
  exactly,
  contextOf,
  evaluatorOf,
  never,
  portInfo,
  readInto,
  rule,
  tableOf,
} from '../fixture.ts';

const IPV4 = 0x0800;
const PORTS = new Map([
  ['vm1', portInfo({ name: 'vm1', slice: 'blue' })],
  ['vm2', portInfo({ name: 'vm2' })],
  ['vm3', portInfo({ name: 'vm3', slice: 'gold' })],
  ['vm4', portInfo({ name: 'vm4', slice: 'red' })],
]);
const FLOWS = ['vm1', 'vm2', 'vm3', 'vm4', 'vm1'].map((inPort) => ({
  inPort,
  fields: exactly({ eth_type: IPV4 }),
  actions: [{ kind: 'output', port: 'vm2' } as const],
}));

function policy(): string {
  return JSON.stringify({
    name: 'p',
    version: '1',
    slices: { gold: { members: [{ port: 'vm3' }], weight: 3, guaranteed: '25%' } },
    rules: [rule('any', { all: [{ fact: 'packets', operator: 'greaterThan', value: 10 }] })],
  });
}

describe('slice column', () => {
  it('writes the slice of each flow: declared slices first, then slices of ports', async () => {
    const evaluator = evaluatorOf(policy());
    const table = tableOf(FLOWS);
    const { slices = [] } = await evaluator.evaluate(table, contextOf({ ports: PORTS }), never());
    assert.deepEqual(
      slices.map((s) => [s.name, s.weight]),
      [
        ['gold', 3],
        ['blue', 1],
        ['red', 1],
      ],
    );
    assert.deepEqual([...table.decision.slice.subarray(0, 5)], [2, 0, 1, 3, 2]);
  });

  it('drops slices that no port names any more, and keeps the array until it changes', async () => {
    const evaluator = evaluatorOf(policy());
    const table = tableOf(FLOWS);
    const first = await evaluator.evaluate(table, contextOf({ ports: PORTS }), never());
    readInto(table, 2000, FLOWS);
    const second = await evaluator.evaluate(table, contextOf({ ports: PORTS }), never());
    assert.equal(second.slices, first.slices);
    const ports = new Map([...PORTS].filter(([name]) => name !== 'vm1'));
    readInto(table, 3000, FLOWS);
    const third = await evaluator.evaluate(table, contextOf({ ports }), never());
    assert.deepEqual(
      third.slices?.map((s) => s.name),
      ['gold', 'red'],
    );
    assert.deepEqual([...table.decision.slice.subarray(0, 5)], [0, 0, 1, 2, 0]);
  });
});
