import { FlowTable } from '../../../../engine/model/flow-table.ts';
import { SideTable } from '../../../../engine/model/side-table.ts';
import { read, rowOf } from '../../../support/flows.ts';
import { collectUntil } from '../../../support/garbage.ts';

/** Lets a flow table have a hundred side tables that nothing references, and one that is in use. */
const ABANDONED = 100;

function follow(table: FlowTable): void {
  const side = new SideTable('flow');
  side.float64();
  side.follow(table);
}

const table = new FlowTable();
read(table, 0, [{ n: 1 }]);
const kept = new SideTable('flow');
const column = kept.uint8();
kept.follow(table);
for (let i = 0; i < ABANDONED; i++) follow(table);
const all = table.sideTables.size;
await collectUntil(() => table.sideTables.size === 1);
const collected = table.sideTables.size;
column.values[rowOf(table, 1)] = 9;
read(table, 1, []);
read(table, 2, [{ n: 2 }]);
const reset = column.values[rowOf(table, 2)];
kept.leave();
process.stdout.write(JSON.stringify({ all, collected, reset }));
