import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { SideTable } from '../../../engine/model/side-table.ts';
import { read } from '../../support/flows.ts';
import { collectUntil } from '../../support/garbage.ts';
import { ownProgram } from '../../support/own-program.ts';

const ABANDON = ownProgram('test/engine/model/support/abandon-side-tables');

function followed(table: FlowTable): SideTable {
  const side = new SideTable('flow');
  side.float64();
  side.follow(table);
  return side;
}

describe('side tables', () => {
  // In a process of its own: one with all other tests was seen never to run finalizers.
  it('are dropped by the flow table after their garbage collection', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ABANDON, { timeout: 20_000 });
    const { all, collected, reset } = JSON.parse(stdout);
    assert.deepEqual([all, collected], [101, 1]);
    assert.equal(reset, 0, 'side tables in use are still reset');
  });

  it('do not keep the flow table alive', async () => {
    const follow = () => {
      const table = new FlowTable();
      read(table, 0, [{ n: 1 }]);
      return { side: followed(table), seen: new WeakRef(table) };
    };
    const { side, seen } = follow();
    await collectUntil(() => seen.deref() === undefined);
    assert.equal(seen.deref(), undefined);
    side.leave();
  });

  it('are cleared and no longer grown after they leave', () => {
    const table = new FlowTable();
    read(table, 0, [{ n: 1 }]);
    const side = new SideTable('flow');
    const column = side.uint8(4);
    const texts = side.sparse<string>();
    side.follow(table);
    side.follow(table);
    assert.equal(table.sideTables.size, 1);
    column.values[0] = 9;
    texts.values.set(0, 'a');
    side.leave();
    assert.equal(table.sideTables.size, 0);
    assert.equal(column.values[0], 4);
    assert.equal(texts.values.size, 0);
    const { length } = column.values;
    table.reserve(10_000);
    assert.equal(column.values.length, length);
    side.follow(table);
    assert.ok(column.values.length >= 10_000);
  });
});
