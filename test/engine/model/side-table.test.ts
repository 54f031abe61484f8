import assert from 'node:assert/strict';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { SideTable, SideTableDisposed } from '../../../engine/model/side-table.ts';
import { read, rowOf } from '../../support/flows.ts';
import { collectUntil } from '../../support/garbage.ts';

function followed(table: FlowTable): SideTable {
  const side = new SideTable('flow');
  side.float64();
  side.follow(table);
  return side;
}

describe('side tables', () => {
  it('are neither reset nor resized after they are disposed, unlike others', () => {
    const table = new FlowTable();
    read(table, 0, [{ n: 1 }]);
    const row = rowOf(table, 1);
    const [disposed, kept] = [new SideTable('flow'), new SideTable('flow')];
    const columns = [disposed, kept].map((side) => {
      side.follow(table);
      const column = side.uint8();
      column.values[row] = 9;
      return column;
    });
    const { length } = columns[0].values;
    disposed[Symbol.dispose]();
    disposed[Symbol.dispose]();
    assert.equal(table.sideTables.size, 1);
    read(table, 1, []);
    read(table, 2, [{ n: 2 }]);
    assert.equal(rowOf(table, 2), row);
    assert.deepEqual(
      columns.map(({ values }) => values[row]),
      [9, 0],
    );
    table.reserve(10_000);
    assert.equal(columns[0].values.length, length);
    assert.ok(columns[1].values.length >= 10_000);
  });

  it('cannot follow a flow table after they are disposed', () => {
    const table = new FlowTable();
    const side = new SideTable('flow');
    side[Symbol.dispose]();
    assert.throws(() => side.follow(table), SideTableDisposed);
    const followed = new SideTable('flow');
    followed.follow(table);
    followed[Symbol.dispose]();
    assert.throws(() => followed.follow(table), SideTableDisposed);
    assert.equal(table.sideTables.size, 0);
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
