import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DatapathMissing,
  NoKernelDatapath,
  PortsUnsettled,
} from '../../../../adapters/ovs/kernel/errors.ts';
import { KernelFlowSource } from '../../../../adapters/ovs/kernel/flow-source.ts';
import { FlowTable } from '../../../../engine/model/flow-table.ts';
import type { ReadCost } from '../../../../engine/ports/flow-source.ts';
import { TERSE } from '../../../../protocols/netlink/ovs/flows.ts';
import { never } from '../../../contract/collect.ts';
import { eventually } from '../../../support/eventually.ts';
import { type FakeFlow, FakeKernel } from './fake-kernel.ts';
import { kernelFlow, outputTo, rowOf, ufidOf } from './kernel-flows.ts';

const FULL = 0;

/** One of many flows. */
function numbered(n: number, actions = outputTo(2)): FakeFlow {
  const flow = kernelFlow(n % 200, { actions });
  flow.ufid.writeUInt32LE(n, 0);
  return flow;
}

describe('the source of kernel flows', () => {
  let kernel: FakeKernel;
  let table: FlowTable;
  let source: KernelFlowSource;

  beforeEach(() => {
    kernel = new FakeKernel();
    kernel.ports.set(1, 'vm1').set(2, 'vm2').set(3, 'vm3');
    table = new FlowTable();
    source = new KernelFlowSource({ timeoutMs: 1_000, open: kernel.open });
  });
  afterEach(() => source.close());

  async function read(): Promise<ReadCost> {
    table.begin(performance.now());
    try {
      const cost = await source.read(table, never());
      table.end();
      return cost;
    } catch (error) {
      table.abandon();
      throw error;
    }
  }

  const outputs = (n: number): unknown => table.actionsAt(rowOf(table, n));
  const version = (n: number): number => table.actionsVersionAt(rowOf(table, n));

  it('leaves keys, masks and actions out once they are known', async () => {
    for (let n = 0; n < 50; n++) kernel.put(kernelFlow(n));
    await read();
    await read();
    assert.deepEqual(kernel.dumps, [FULL, TERSE]);
    assert.equal(kernel.asked, 0);
    assert.equal(table.count, 50);
    assert.equal(version(7), 1);
  });

  it('asks for a new flow alone', async () => {
    kernel.put(kernelFlow(0));
    await read();
    kernel.put(kernelFlow(1));
    await read();
    assert.deepEqual(kernel.dumps, [FULL, TERSE]);
    assert.equal(kernel.asked, 1);
    assert.deepEqual(outputs(1), [{ kind: 'output', port: 'vm2' }]);
  });

  it('reads everything when most flows are new', async () => {
    await read();
    for (let n = 0; n < 1_100; n++) {
      const flow = kernelFlow(n);
      flow.ufid.writeUInt32LE(n, 0);
      kernel.flows.set(flow.ufid.toString('hex'), flow);
    }
    await read();
    assert.deepEqual(kernel.dumps, [FULL, TERSE, FULL]);
    assert.equal(kernel.asked, 0);
    assert.equal(table.count, 1_100);
  });

  it('learns of changed actions', async () => {
    kernel.put(kernelFlow(0));
    await read();
    kernel.put(kernelFlow(0, { actions: outputTo(3) }));
    await read();
    assert.equal(kernel.asked, 1);
    assert.deepEqual(outputs(0), [{ kind: 'output', port: 'vm3' }]);
    assert.equal(version(0), 2);
  });

  it('learns of another mask under the same ufid', async () => {
    const flow = kernelFlow(0);
    kernel.put(flow);
    await read();
    assert.equal(table.matchAt(rowOf(table, 0)).fields.length, 2);
    kernel.delete(flow.ufid);
    const mask = Buffer.from(flow.mask);
    // The destination, too.
    mask.fill(0xff, mask.length - 16, mask.length - 10);
    kernel.put({ ...flow, mask });
    await read();
    assert.equal(table.matchAt(rowOf(table, 0)).fields.length, 3);
    assert.equal(version(0), 2);
  });

  it('has the actions of a flow that changes during the dump', async () => {
    kernel.put(kernelFlow(0));
    await read();
    kernel.afterDump = () => {
      kernel.afterDump = () => undefined;
      kernel.put(kernelFlow(0, { actions: outputTo(3) }));
    };
    await read();
    assert.deepEqual(outputs(0), [{ kind: 'output', port: 'vm3' }]);
  });

  it('does not have a flow that is deleted during the dump', async () => {
    kernel.put(kernelFlow(0));
    kernel.put(kernelFlow(1));
    await read();
    kernel.afterDump = () => kernel.put(kernelFlow(0, { actions: outputTo(3) }));
    const put = kernel.put.bind(kernel);
    kernel.put = (flow) => {
      put(flow);
      kernel.flows.delete(flow.ufid.toString('hex'));
    };
    await read();
    assert.equal(rowOf(table, 0), -1);
    assert.equal(table.count, 1);
  });

  it('keeps a flow that the dump misses, and does not ask for a deleted one', async () => {
    for (let n = 0; n < 3; n++) kernel.put(kernelFlow(n));
    await read();
    const row = rowOf(table, 0);
    kernel.missed.add(ufidOf(0).toString('hex'));
    kernel.delete(ufidOf(1));
    await read();
    assert.equal(rowOf(table, 0), row);
    assert.equal(rowOf(table, 1), -1);
    assert.equal(kernel.asked, 1);
  });

  it('removes flows that vanish without a notification', async () => {
    for (let n = 0; n < 3; n++) kernel.put(kernelFlow(n));
    await read();
    kernel.flows.clear();
    await read();
    assert.equal(table.count, 0);
  });

  it('reads everything after a loss of notifications', async () => {
    kernel.put(kernelFlow(0));
    await read();
    kernel.loseNotification();
    const changed = kernelFlow(0, { actions: outputTo(3) });
    kernel.flows.set(changed.ufid.toString('hex'), changed);
    await read();
    assert.deepEqual(kernel.dumps, [FULL, FULL]);
    assert.deepEqual(outputs(0), [{ kind: 'output', port: 'vm3' }]);
    await read();
    assert.deepEqual(kernel.dumps, [FULL, FULL, TERSE]);
  });

  it('has the flows of a dump even while notifications are lost all the time', async () => {
    kernel.put(kernelFlow(0));
    kernel.afterDump = () => kernel.loseNotification();
    await read();
    const changed = kernelFlow(0, { actions: outputTo(3) });
    kernel.flows.set(changed.ufid.toString('hex'), changed);
    await read();
    assert.deepEqual(kernel.dumps, [FULL, FULL]);
    assert.deepEqual(outputs(0), [{ kind: 'output', port: 'vm3' }]);
  });

  it('reads everything after a failure', async () => {
    kernel.put(kernelFlow(0));
    await read();
    kernel.hasDatapath = false;
    await assert.rejects(read(), /ENODEV/);
    await assert.rejects(read(), DatapathMissing);
    kernel.hasDatapath = true;
    kernel.flows.clear();
    kernel.put(kernelFlow(0, { actions: outputTo(3) }));
    await read();
    assert.equal(kernel.dumps.at(-1), FULL);
    assert.deepEqual(outputs(0), [{ kind: 'output', port: 'vm3' }]);
  });

  it('follows a datapath that is made again, even with the same number', async () => {
    kernel.put(kernelFlow(0));
    await read();
    for (const ifindex of [kernel.ifindex, kernel.ifindex + 1]) {
      kernel.deleteDatapath();
      kernel.ifindex = ifindex;
      kernel.ports.set(2, `new${ifindex}`);
      const flow = kernelFlow(0, { actions: outputTo(2) });
      kernel.flows.set(flow.ufid.toString('hex'), flow);
      await read();
      assert.deepEqual(outputs(0), [{ kind: 'output', port: `new${ifindex}` }]);
    }
  });

  it('names ports anew when a number is reused', async () => {
    kernel.put(kernelFlow(0));
    await read();
    kernel.setPort(1, 'other');
    await read();
    assert.equal(table.matchAt(rowOf(table, 0)).inPort, 'other');
    assert.equal(version(0), 2);
    assert.equal(kernel.dumps.at(-1), FULL);
  });

  it('reads again when a port changes during the dump', async () => {
    kernel.put(kernelFlow(0));
    kernel.afterDump = () => {
      kernel.afterDump = () => undefined;
      kernel.setPort(2, 'other');
    };
    await read();
    assert.deepEqual(outputs(0), [{ kind: 'output', port: 'other' }]);
  });

  it('fails while ports do not settle', async () => {
    let n = 0;
    kernel.afterDump = () => kernel.setPort(2, `port${n++}`);
    await assert.rejects(read(), PortsUnsettled);
    kernel.afterDump = () => undefined;
    await read();
  });

  it('skips flows without a ufid, and flows that it cannot read', async () => {
    kernel.put(kernelFlow(0));
    kernel.put(kernelFlow(1));
    const unnamed = { ...kernelFlow(2), ufid: Buffer.alloc(0) };
    kernel.flows.set('unnamed', unnamed);
    let cost = await read();
    assert.equal(cost.skipped, 1);
    assert.match(cost.firstSkipped ?? '', /no ufid/);
    kernel.put({ ...kernelFlow(1), key: Buffer.from([9, 0, 3, 0]) });
    cost = await read();
    assert.equal(cost.skipped, 2);
    assert.equal(rowOf(table, 1), -1, 'its actions are unknown');
    assert.equal(table.count, 1);
  });

  it('reports that actions changed', async () => {
    let calls = 0;
    const unsubscribe = source.onActionsChange(() => calls++);
    await read();
    kernel.put(kernelFlow(0));
    await read();
    assert.equal(calls, 0, 'a new flow has nothing to correct');
    kernel.put(kernelFlow(0, { actions: outputTo(3) }));
    await read();
    assert.equal(calls, 1);
    kernel.delete(ufidOf(0));
    await read();
    assert.equal(calls, 1);
    unsubscribe();
    kernel.put(kernelFlow(0));
    kernel.put(kernelFlow(0, { actions: outputTo(3) }));
    await read();
    assert.equal(calls, 1);
  });

  it('reports new flows, once for those that are made together', async () => {
    let calls = 0;
    const unsubscribe = source.onNewFlow(() => calls++);
    await read();
    for (let n = 0; n < 50; n++) kernel.put(kernelFlow(n));
    await read();
    assert.equal(calls, 1);
    kernel.put(kernelFlow(0, { actions: outputTo(3) }));
    kernel.delete(ufidOf(1));
    await read();
    assert.equal(calls, 1, 'a changed flow is not new');
    unsubscribe();
    kernel.put(kernelFlow(60));
    await read();
    assert.equal(calls, 1);
  });

  describe('reading new flows alone', () => {
    async function readNew(): Promise<{ isRead: boolean; rows: number[] }> {
      table.beginPartial(performance.now());
      const isRead = await source.readNew(table, never());
      if (isRead) return { isRead, rows: [...table.endPartial()] };
      table.abandon();
      return { isRead, rows: [] };
    }

    beforeEach(async () => {
      for (let n = 0; n < 20; n++) kernel.put(kernelFlow(n));
      await read();
    });

    it('asks for them alone, until packets of them are counted', async () => {
      kernel.put(kernelFlow(30));
      assert.equal((await readNew()).rows.length, 1);
      assert.equal(table.count, 21);
      assert.deepEqual(outputs(30), [{ kind: 'output', port: 'vm2' }]);
      assert.deepEqual([kernel.dumps, kernel.asked], [[FULL], 1]);
      const flow = kernel.flows.get(ufidOf(30).toString('hex'));
      assert(flow !== undefined);
      flow.packets = 3;
      flow.bytes = 300;
      assert.deepEqual((await readNew()).rows, [rowOf(table, 30)]);
      assert.equal(table.traffic.vswitchPackets[rowOf(table, 30)], 3);
      assert.deepEqual(await readNew(), { isRead: true, rows: [] });
      assert.deepEqual([kernel.dumps, kernel.asked], [[FULL], 2]);
      await read();
      assert.equal(table.count, 21);
      assert.equal(table.traffic.vswitchPackets[rowOf(table, 30)], 3);
    });

    it('dates them from their notification', async () => {
      const noticed = new Promise<void>((resolve) => source.onNewFlow(resolve));
      const madeMs = performance.now();
      kernel.put(kernelFlow(30));
      await noticed;
      const noticedMs = performance.now();
      await sleep(20);
      await readNew();
      const firstSeenMs = table.traffic.firstSeenMs[rowOf(table, 30)];
      assert(firstSeenMs <= noticedMs, `${firstSeenMs - noticedMs} ms after it was noticed`);
      // Table and source ask for the time one after the other.
      assert(firstSeenMs > madeMs - 10, `${madeMs - firstSeenMs} ms before it was made`);
    });

    it('passes one over that has ended', async () => {
      kernel.put(kernelFlow(30));
      kernel.put(kernelFlow(31));
      kernel.delete(ufidOf(30));
      assert.equal((await readNew()).rows.length, 1);
      assert.equal(table.count, 21);
      await read();
      assert.equal(table.count, 21);
    });

    it('leaves the rest to a complete reading when a known flow has ended under the same ufid', async () => {
      kernel.delete(ufidOf(3));
      kernel.put(kernelFlow(3));
      kernel.delete(ufidOf(3));
      assert.equal((await readNew()).isRead, false);
      await read();
      assert.equal(table.count, 19);
    });

    it('sees another mask under the same ufid', async () => {
      const flow = kernelFlow(3);
      const mask = Buffer.from(flow.mask);
      // The destination, too.
      mask.fill(0xff, mask.length - 16, mask.length - 10);
      kernel.delete(ufidOf(3));
      kernel.put({ ...flow, mask });
      assert.deepEqual((await readNew()).rows, [rowOf(table, 3)]);
      assert.equal(version(3), 2);
    });

    it('leaves the rest to a complete reading when a known flow becomes unreadable', async () => {
      const flow = kernelFlow(3);
      kernel.delete(ufidOf(3));
      kernel.put({ ...flow, actions: Buffer.from([1, 2, 3]) });
      assert.equal((await readNew()).isRead, false);
      await read();
      assert.equal(table.count, 19);
    });

    const INCOMPLETE: Readonly<Record<string, () => void>> = {
      'a notification was lost': () => kernel.loseNotification(),
      'a port has changed': () => kernel.setPort(4, 'vm4'),
      'the datapath was deleted': () => kernel.deleteDatapath(),
    };
    for (const [what, happens] of Object.entries(INCOMPLETE)) {
      it(`reads nothing when ${what}`, async () => {
        kernel.put(kernelFlow(30));
        happens();
        assert.equal((await readNew()).isRead, false);
        assert.equal(table.count, 20);
        assert.equal(kernel.asked, 0);
      });
    }

    it('reads nothing before the first complete reading', async () => {
      const other = new KernelFlowSource({ timeoutMs: 1_000, open: kernel.open });
      table = new FlowTable();
      table.beginPartial(performance.now());
      assert.equal(await other.readNew(table, never()), false);
      table.abandon();
      await other.close();
    });

    it('reads 256 at most; others wait for a complete reading', async () => {
      for (let n = 100; n < 500; n++) kernel.put(numbered(n));
      assert.equal((await readNew()).rows.length, 256);
      assert.equal(kernel.asked, 256);
      await read();
      assert.equal(table.count, 420);
    });
  });

  it('does not follow the flows while too many change, and says so', async () => {
    await read();
    assert.equal(source.isPaused, false);
    assert.equal(kernel.flowListeners, 1);
    for (let n = 0; n < 5_000; n++) kernel.put(numbered(n));
    await eventually('the pause', () => source.isPaused, 5_000);
    assert.equal(kernel.flowListeners, 0, 'the kernel makes no message for a flow');
    assert.match((await read()).note ?? '', /^too many flows changed to follow them/);
    assert.equal(table.count, 5_000);
    assert.deepEqual([kernel.dumps.at(-1), kernel.asked], [FULL, 0]);
    assert.equal(source.isPaused, false);
    // As many changes as there are flows do not make it pause.
    for (let n = 0; n < 4_000; n++) kernel.put(numbered(n, outputTo(3)));
    assert.equal((await read()).note, undefined);
    assert.equal(source.isPaused, false);
    assert.equal(kernel.dumps.at(-1), TERSE);
    const row = table.rows[0];
    assert.deepEqual(table.actionsAt(row), [{ kind: 'output', port: 'vm3' }]);
  });

  it('sees what changed while it did not follow the flows', async () => {
    for (let n = 0; n < 10; n++) kernel.put(numbered(n));
    await read();
    for (let n = 10; n < 2_000; n++) kernel.put(numbered(n));
    await eventually('the pause', () => source.isPaused, 5_000);
    kernel.put(numbered(3, outputTo(3)));
    kernel.delete(numbered(4).ufid);
    await read();
    assert.equal(table.count, 1_999);
    const changed = [...table.rows.subarray(0, table.count)].filter(
      (row) => JSON.stringify(table.actionsAt(row)) === '[{"kind":"output","port":"vm3"}]',
    );
    assert.equal(changed.length, 1);
  });

  it('says that the kernel has no Open vSwitch', async () => {
    kernel.hasOvs = false;
    await assert.rejects(read(), NoKernelDatapath);
  });
});
