import assert from 'node:assert/strict';
import { PacketMeter } from '../../../../../adapters/nic/meter/packet-meter.ts';
import type { HostBackend } from '../../../../../adapters/nic/host/backend.ts';
import { monotonicMs } from '../../../../../async/monotonic.ts';
import type { FlowSpec } from '../../../../../engine/model/flow.ts';
import { sleep } from '../../../../../lab/testbed/wait.ts';
import { carried, never } from '../../../../contract/collect.ts';
import { readMeter } from '../../../../contract/connection-meter.ts';
import { frameOf, PLAIN } from '../../../../contract/metered-frames.ts';
import { flowId } from '../../../../support/flows.ts';
import { exactly, matchOn } from '../../../../support/match-fields.ts';
import { needs } from '../../../../support/needs.ts';
import { tableAt } from '../../support/tables.ts';
import { MeterNode } from './meter-node.ts';

const ASKED = { connections: 4096, forgetAfterMs: 60_000, sampling: 1 };
const PACKETS = 40;
/** The first train of an entry: until then packets go to the vSwitch. */
const FIRST_TRAIN_MS = 100;

/**
 * Tests a meter beside entries.
 *
 * @param at where the meter counts
 * @param hook where the entries are
 */
export function describeBehindEntries(
  at: 'tcx' | 'cls_bpf',
  hook: 'xdp' | 'tcx' | 'cls_bpf',
): void {
  describe(`a meter at ${at} behind entries at ${hook}`, function () {
    this.timeout(30_000);
    let node: MeterNode;
    let pinPath: string;
    let backend: HostBackend | undefined;
    let meter: PacketMeter | undefined;

    before(async function () {
      needs(this, 'root', 'netns', at === 'tcx' ? 'tcx' : 'xdp', 'debian-python3');
      node = await MeterNode.start();
    });

    after(async () => {
      await node?.close();
    });

    beforeEach(() => {
      pinPath = node.world.pinPath();
    });

    afterEach(async () => {
      await meter?.close('withdraw');
      await backend?.close('withdraw');
      meter = undefined;
      backend = undefined;
    });

    const startMeter = async (): Promise<void> => {
      meter = new PacketMeter(node.options(pinPath, ASKED, at));
      await meter.portsChanged(node.world.snapshot());
    };
    const startBackend = async (): Promise<HostBackend> => {
      const sizes = { entries: 64, masks: 8, leaseMs: 60_000, heartbeatMs: 0 };
      backend = tableAt(hook, { pinPath, ...sizes });
      await backend.start(node.world.snapshot(), never());
      await backend.renewLease(monotonicMs());
      return backend;
    };

    /** An entry for one of the connections. */
    function flow(): FlowSpec {
      const [inPort, outPort] = node.names();
      return {
        id: flowId(1),
        match: matchOn(
          inPort,
          exactly('eth_type', 0x0800),
          exactly('ip_proto', 17),
          exactly('ip_frag', 0),
          exactly('udp_dst', PLAIN.dstPort),
        ),
        actions: [{ kind: 'output', port: outPort }],
      };
    }

    /** Offers packets of a connection with an entry and of another without; what is counted where. */
    async function share(table: HostBackend) {
      const [inPort] = node.names();
      const [put] = await table.apply([{ kind: 'put', flow: flow() }], never());
      assert(put.ok, 'the entry is installed');
      await sleep(FIRST_TRAIN_MS);
      const other = { ...PLAIN, dstPort: PLAIN.dstPort + 1 };
      const mixed = Array.from({ length: PACKETS }, () => [frameOf(PLAIN), frameOf(other)]);
      // Those of the entry do not reach the bridge: the last is one without, and is waited for.
      await node.send(inPort, mixed.flat(), { expected: PACKETS });
      assert(meter);
      const { all } = await readMeter(meter);
      const byPort = new Map(
        Array.from(all.values(), ({ packets, headers }) => [
          Buffer.from(headers.values.udp_dst ?? []).readUInt16BE(),
          packets,
        ]),
      );
      const entry = [...(await carried(table)).values()][0]?.packets ?? 0;
      return {
        entry,
        metered: byPort.get(PLAIN.dstPort) ?? 0,
        other: byPort.get(other.dstPort) ?? 0,
      };
    }

    const SHARED = { entry: PACKETS, metered: 0, other: PACKETS };

    it('counts what no entry takes, and nothing twice', async () => {
      const table = await startBackend();
      await startMeter();
      assert.deepEqual(await share(table), SHARED);
    });

    it('is no program of others to the entries, also from an earlier daemon', async () => {
      await startMeter();
      await meter?.close('keep');
      const table = await startBackend();
      for (const port of table.ports()) assert.equal(port.mode, hook === 'xdp' ? 'native' : hook);
      await startMeter();
      await table.portsChanged(node.world.snapshot());
      for (const port of table.ports()) assert.equal(port.mode, hook === 'xdp' ? 'native' : hook);
      assert.deepEqual(await share(table), SHARED);
    });

    // XDP comes first anyway.
    if (hook === 'xdp') return;

    it('counts the same if the meter was there first', async () => {
      await startMeter();
      assert.deepEqual(await share(await startBackend()), SHARED);
    });

    it('sees packets again when the entry is gone', async () => {
      const table = await startBackend();
      await startMeter();
      await share(table);
      await table.withdrawAll();
      const [inPort] = node.names();
      await node.send(
        inPort,
        Array.from({ length: PACKETS }, () => frameOf(PLAIN)),
      );
      assert(meter);
      const counts = Array.from((await readMeter(meter)).all.values(), ({ packets }) => packets);
      assert.deepEqual(counts, [PACKETS, PACKETS]);
    });
  });
}
