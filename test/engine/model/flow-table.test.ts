import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FlowActions } from '../../../engine/model/action.ts';
import type { Uint32Column } from '../../../engine/model/row-columns.ts';
import { SideTable } from '../../../engine/model/side-table.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { anyFrom, flowId, outputTo, read, rowOf } from '../../support/flows.ts';

describe('flow table', () => {
  it('keeps a flow in its row from reading to reading', () => {
    const table = new FlowTable();
    read(table, 0, [{ n: 1 }, { n: 2 }, { n: 3 }]);
    const row = rowOf(table, 2);
    read(table, 100, [{ n: 3 }, { n: 2 }]);
    assert.equal(rowOf(table, 2), row);
    assert.equal(table.count, 2);
    assert.equal(table.removed.length, 1);
  });

  it('keeps the row of a flow that left readable until the next reading', () => {
    const table = new FlowTable();
    read(table, 0, [{ n: 1 }]);
    read(table, 100, []);
    assert.deepEqual(table.idAt(table.removed[0]), flowId(1));
    assert.equal(table.rowOf(flowId(1)), -1);
  });

  it('continues its sums when the vSwitch recreates a flow and its counters restart', () => {
    const table = new FlowTable();
    read(table, 0, [{ n: 1, packets: 10, bytes: 1000 }]);
    read(table, 100, [{ n: 1, packets: 3, bytes: 300 }]);
    const row = rowOf(table, 1);
    assert.equal(table.traffic.vswitchPackets[row], 13);
    assert.equal(table.traffic.vswitchBytes[row], 1300);
    assert.equal(table.totals.vswitchBytes, 1300);
  });

  it('adds no traffic for counters that are a new base', () => {
    const table = new FlowTable();
    read(table, 0, [{ n: 1, packets: 10, bytes: 1000 }]);
    const row = rowOf(table, 1);
    table.begin(100);
    table.rebase(row, 4, 400, 0);
    table.end();
    assert.equal(table.count, 1, 'the flow was seen');
    assert.equal(table.traffic.vswitchPackets[row], 10);
    read(table, 200, [{ n: 1, packets: 5, bytes: 500 }]);
    assert.equal(table.traffic.vswitchPackets[row], 11);
    assert.equal(table.totals.vswitchBytes, 1100);
  });

  it('adds no traffic for recirculated packets, which another flow has counted', () => {
    const table = new FlowTable();
    const match = { ...anyFrom('vm1'), opaque: [{ name: 'recirc_id', text: '0x1' }] };
    table.begin(0);
    table.observe(table.add(flowId(1), match, outputTo('vm2')), 10, 1000, 0);
    table.end();
    const row = rowOf(table, 1);
    assert.equal(table.totals.vswitchBytes, 0);
    assert.deepEqual([table.traffic.vswitchPackets[row], table.traffic.rawPackets[row]], [0, 10]);
  });

  it('adds no traffic for packets out of a tunnel, which the flow that took them out has counted', () => {
    const table = new FlowTable();
    const pop: FlowActions = [{ kind: 'opaque', text: 'tnl_pop(genev_sys_6081)' }];
    table.begin(0);
    // The flow inside may be read before the one outside.
    const inside = table.add(flowId(1), anyFrom('genev_sys_6081'), outputTo('vm2'));
    const outside = table.add(flowId(2), anyFrom('uplink'), pop);
    const later = table.add(flowId(3), anyFrom('genev_sys_6081'), outputTo('vm3'));
    for (const row of [inside, outside, later]) table.observe(row, 10, 1000, 0);
    table.end();
    const isLater = [inside, outside, later].map((row) => table.isLaterPass(row));
    assert.deepEqual(isLater, [true, false, true]);
    assert.equal(table.totals.vswitchPackets, 10);
    table.begin(100);
    for (const row of [inside, outside, later]) table.observe(row, 15, 1500, 0);
    table.end();
    assert.equal(table.totals.vswitchPackets, 15);
  });

  it('counts packets out of a tunnel where a device of the kernel takes them out', () => {
    const table = new FlowTable();
    table.begin(0);
    const row = table.add(flowId(1), anyFrom('genev_sys_6081'), outputTo('vm2'));
    table.observe(row, 10, 1000, 0);
    table.end();
    assert.equal(table.isLaterPass(row), false);
    assert.equal(table.totals.vswitchPackets, 10);
  });

  it('finds the packets out of a tunnel when a flow begins to take them out, and in rows used again', () => {
    const table = new FlowTable();
    read(table, 0, [{ n: 1 }]);
    table.begin(100);
    const row = table.add(flowId(2), anyFrom('vxlan_sys_4789'), outputTo('vm2'));
    table.observe(row, 4, 400, 0);
    table.end();
    assert.equal(table.totals.vswitchPackets, 4);
    table.begin(200);
    const outside = table.add(flowId(3), anyFrom('uplink'), outputTo('br-phy'));
    table.setActions(outside, [{ kind: 'opaque', text: 'tnl_pop(vxlan_sys_4789)' }]);
    table.observe(outside, 1, 100, 0);
    table.observe(row, 9, 900, 0);
    table.end();
    assert.equal(table.totals.vswitchPackets, 5);
    read(table, 300, [{ n: 4 }]);
    read(table, 400, [{ n: 4 }, { n: 5, packets: 7, bytes: 700 }]);
    assert.equal(table.totals.vswitchPackets, 12, 'another flow in a row of such packets counts');
  });

  it('adds traffic that a backend carried for a flow that has left to the totals', () => {
    const table = new FlowTable();
    read(table, 0, [{ n: 1 }]);
    table.carried(rowOf(table, 1), 2, 200, 5);
    table.carried(-1, 1, 100, 5);
    assert.equal(table.totals.carriedBytes, 300);
    assert.equal(table.traffic.carriedBytes[rowOf(table, 1)], 200);
  });

  describe('after a peak', () => {
    const PEAK = 20_000;
    let table: FlowTable;
    let side: SideTable;
    let values: Uint32Column;
    let nowMs: number;

    beforeEach(() => {
      table = new FlowTable();
      side = new SideTable('flow');
      values = side.uint32(7);
      side.follow(table);
      nowMs = 0;
    });

    /** Reads flows by number, some times. */
    function readings(times: number, flows: readonly number[]): void {
      for (let i = 0; i < times; i++) {
        const seen = flows.map((n) => ({ n, packets: i, bytes: 100 * i }));
        read(table, (nowMs += 100), seen);
      }
    }

    const upTo = (end: number, from = 0): number[] =>
      Array.from({ length: end - from }, (_, i) => from + i);
    const capacity = (): number => table.traffic.rawBytes.length;

    it('frees memory, and keeps the flows that are left in their rows', () => {
      readings(1, upTo(PEAK));
      const rows = upTo(100).map((n) => rowOf(table, n));
      for (const row of rows) values.values[row] = 1000 + row;
      assert.ok(capacity() >= PEAK);
      readings(12, upTo(100));
      assert.ok(capacity() <= 256, `${capacity()} rows`);
      assert.equal(values.values.length, capacity());
      assert.equal(table.rows.length, capacity());
      assert.deepEqual(
        upTo(100).map((n) => rowOf(table, n)),
        rows,
      );
      for (const row of rows) {
        assert.equal(values.values[row], 1000 + row);
        assert.equal(table.traffic.vswitchBytes[row], 1100);
        assert.deepEqual(table.matchAt(row), anyFrom('vm1'));
      }
    });

    it('does not shrink for a short dip', () => {
      readings(1, upTo(PEAK));
      const before = capacity();
      for (let i = 0; i < 4; i++) {
        readings(7, upTo(100));
        readings(1, upTo(PEAK / 2));
      }
      assert.equal(capacity(), before);
    });

    it('keeps a flow in a high row, until it has left', () => {
      readings(1, upTo(PEAK));
      const row = rowOf(table, PEAK - 1);
      readings(12, [PEAK - 1]);
      assert.equal(rowOf(table, PEAK - 1), row);
      assert.ok(capacity() > row);
      readings(12, [1, 2]);
      assert.ok(capacity() <= 256);
    });

    it('starts rows that it uses again with initial values, and with new generations', () => {
      readings(1, upTo(PEAK));
      for (const row of upTo(PEAK)) values.values[row] = 5;
      const generations = table.generation.slice();
      const changes = table.changes.slice();
      readings(12, upTo(10));
      readings(1, [...upTo(10), ...upTo(3 * PEAK, PEAK)]);
      for (let n = PEAK; n < 3 * PEAK; n++) {
        const row = rowOf(table, n);
        assert.equal(values.values[row], 7);
        assert.equal(table.traffic.carriedBytes[row], 0);
        assert.equal(table.decision.retryAtMs[row], Number.NEGATIVE_INFINITY);
        assert.equal(table.forecast.cell[row], -1);
        if (row >= PEAK) continue;
        assert.ok(table.generation[row] > generations[row], `row ${row}`);
        assert.ok(table.changes[row] > changes[row]);
      }
    });

    it('has no match and no actions for a row that it dropped', () => {
      readings(1, upTo(PEAK));
      const row = rowOf(table, PEAK - 1);
      readings(12, upTo(10));
      assert.deepEqual(table.matchAt(row), { inPort: '', fields: [], opaque: [] });
      assert.deepEqual(table.actionsAt(row), []);
    });
  });

  it('keeps the flows of the last reading when a reading is abandoned', () => {
    const table = new FlowTable();
    read(table, 0, [{ n: 1 }, { n: 2 }]);
    table.begin(100);
    table.add(flowId(3), { inPort: 'vm1', fields: [], opaque: [] }, []);
    table.abandon();
    assert.equal(table.count, 2);
    assert.equal(table.rowOf(flowId(3)), -1);
    read(table, 200, [{ n: 1 }, { n: 2 }]);
    assert.equal(table.count, 2);
    assert.equal(table.removed.length, 0);
  });

  it('counts the traffic of a new flow once, even after an abandoned reading with it', () => {
    const table = new FlowTable();
    read(table, 0, [{ n: 1, packets: 2 }]);
    table.begin(100);
    table.observe(table.add(flowId(3), { inPort: 'vm1', fields: [], opaque: [] }, []), 5, 500, 0);
    table.observe(rowOf(table, 1), 3, 0, 0);
    table.abandon();
    assert.equal(table.totals.vswitchPackets, 3);
    read(table, 200, [
      { n: 1, packets: 3 },
      { n: 3, packets: 6, bytes: 600 },
    ]);
    assert.equal(table.totals.vswitchPackets, 9);
    assert.equal(table.totals.vswitchBytes, 600);
  });

  it('keeps its flows when it grows, and resets reused rows', () => {
    const table = new FlowTable();
    read(table, 0, [{ n: 1, packets: 7 }]);
    table.reserve(5000);
    table.reserve(10);
    const row = rowOf(table, 1);
    assert.equal(table.traffic.vswitchPackets[row], 7);
    read(table, 50, [{ n: 2 }]);
    read(table, 100, [{ n: 2 }, { n: 3 }, { n: 4, packets: 1 }]);
    assert.equal(rowOf(table, 3), row, 'the row is used again');
    assert.equal(table.traffic.vswitchPackets[row], 0);
    for (const n of [3, 4]) {
      assert.equal(table.traffic.firstSeenMs[rowOf(table, n)], 100);
      assert.equal(table.decision.retryAtMs[rowOf(table, n)], Number.NEGATIVE_INFINITY);
    }
  });

  it('counts changes of a row across the flows that it holds', () => {
    const table = new FlowTable();
    read(table, 0, [{ n: 1 }]);
    const row = rowOf(table, 1);
    assert.equal(table.changes[row], 1);
    table.setActions(row, []);
    table.setMatch(row, { inPort: 'vm2', fields: [], opaque: [] });
    assert.equal(table.changes[row], 3);
    read(table, 50, []);
    read(table, 100, [{ n: 2 }]);
    assert.equal(rowOf(table, 2), row, 'the row is used again');
    assert.equal(table.changes[row], 4);
  });

  it('counts changes of actions', () => {
    const table = new FlowTable();
    read(table, 0, [{ n: 1 }]);
    read(table, 1, [{ n: 1, actions: outputTo('vm3') }]);
    assert.equal(table.actionsVersionAt(rowOf(table, 1)), 2);
    assert.deepEqual(table.actionsAt(rowOf(table, 1)), outputTo('vm3'));
  });

  it('holds exactly the flows of the last reading', () => {
    const readings = fc.array(
      fc.uniqueArray(fc.integer({ min: 0, max: 600 }), { maxLength: 500 }),
      {
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(readings, (all) => {
        const table = new FlowTable();
        all.forEach((flows, i) =>
          read(
            table,
            i,
            flows.map((n) => ({ n, packets: n })),
          ),
        );
        const last = all.at(-1) ?? [];
        assert.equal(table.count, last.length);
        const live = new Set(table.rows.subarray(0, table.count));
        assert.equal(live.size, last.length);
        for (const n of last) {
          const row = rowOf(table, n);
          assert.ok(live.has(row));
          assert.deepEqual(table.idAt(row), flowId(n));
          assert.equal(table.traffic.rawPackets[row], n);
        }
        for (const n of all.flat()) {
          if (!last.includes(n)) assert.equal(table.rowOf(flowId(n)), -1);
        }
      }),
    );
  });

  it('sets the last activity of a new flow to its last packet, not to its first reading', () => {
    const table = new FlowTable();
    table.begin(1000);
    const row = table.add(flowId(1), anyFrom('vm1'), outputTo('vm2'));
    table.observe(row, 5, 500, 400);
    table.end();
    assert.equal(table.traffic.lastActiveMs[row], 600);
  });
});
