import assert from 'node:assert/strict';
import { ConnectionLookup } from '../../../engine/connections/connection-lookup.ts';
import { ConnectionRows } from '../../../engine/connections/connection-rows.ts';
import type { FlowId } from '../../../engine/model/flow-id.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { FakeLookup } from '../../support/fake-lookup.ts';
import { anyFrom, flowId, outputTo } from '../../support/flows.ts';

const SIGNAL = new AbortController().signal;
/** Ids of connections; those of megaflows are 1, 2, 3 and 9. */
const FIRST = flowId(101);
const SECOND = flowId(102);

describe('a lookup of connections', () => {
  let megaflows: FakeLookup;
  let rows: ConnectionRows;
  let table: FlowTable;
  let lookup: ConnectionLookup;

  beforeEach(async () => {
    megaflows = new FakeLookup();
    rows = new ConnectionRows();
    table = new FlowTable();
    lookup = new ConnectionLookup(megaflows, rows);
    table.begin(0);
    for (const n of [1, 2, 3, 9]) {
      megaflows.set(n, outputTo(`vm${n}`));
      table.observe(table.add(flowId(n), anyFrom('vm1'), outputTo(`vm${n}`)), 1, 1, 0);
    }
    add(FIRST, 1, 2);
    add(SECOND, 1, 3);
    await rows.sweep(
      table,
      () => undefined,
      () => true,
    );
    table.end();
  });

  /** A connection through these megaflows. */
  function add(id: FlowId, ...chain: readonly number[]): void {
    const [match, actions] = [anyFrom('vm5'), outputTo('vm6')];
    const row = table.add(id, match, actions);
    table.observe(row, 1, 1, 0);
    const megaflowIds = chain.map((n) => flowId(n));
    const resolution = { match, actions, chain: megaflowIds, tracked: [], refusal: undefined };
    const headers = { inPort: 'vm5', values: {} };
    const entry = { entryRow: 0, entryGeneration: 1, meteredIn: 1 };
    rows.add(table, row, { id, headers, resolution, ...entry });
  }

  const read = (...ids: readonly FlowId[]) => lookup.read(ids, SIGNAL);
  const CONNECTION = { match: anyFrom('vm5'), actions: outputTo('vm6') };

  it('finds a connection as it is in the table while its megaflows stay', async () => {
    assert.deepEqual(await read(FIRST, SECOND), [CONNECTION, CONNECTION]);
  });

  it('asks for each megaflow once, no more at a time than it may', async () => {
    await read(FIRST, SECOND, flowId(9));
    assert.deepEqual(megaflows.calls, [
      [1, 2],
      [3, 9],
    ]);
  });

  it('does not find one with a megaflow that has changed or gone', async () => {
    megaflows.set(2, outputTo('vm7'));
    assert.deepEqual(await read(FIRST, SECOND), [undefined, CONNECTION]);
    megaflows.set(2, outputTo('vm2'), 'vm8');
    assert.deepEqual(await read(FIRST, SECOND), [undefined, CONNECTION]);
    megaflows.set(2, outputTo('vm2'));
    megaflows.remove(1);
    assert.deepEqual(await read(FIRST, SECOND), [undefined, undefined]);
  });

  it('compares with the reading before the call', async () => {
    megaflows.before = () => {
      table.setActions(table.rowOf(flowId(2)), outputTo('vm7'));
    };
    megaflows.set(2, outputTo('vm7'));
    assert.deepEqual(await read(FIRST), [undefined]);
  });

  it('passes on what the vSwitch says of a megaflow', async () => {
    megaflows.set(9, outputTo('vm3'));
    assert.deepEqual(await read(flowId(9), flowId(8)), [
      { match: anyFrom('vm1'), actions: outputTo('vm3') },
      undefined,
    ]);
  });

  it('asks the vSwitch alone before the first reading', async () => {
    lookup = new ConnectionLookup(megaflows, new ConnectionRows());
    assert.deepEqual(await read(FIRST, flowId(1)), [
      undefined,
      { match: anyFrom('vm1'), actions: outputTo('vm1') },
    ]);
  });

  it('rejects when the vSwitch does not answer', async () => {
    megaflows.fault = new Error('no answer');
    await assert.rejects(read(FIRST), /no answer/);
  });
});
