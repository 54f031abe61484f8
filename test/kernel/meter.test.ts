import assert from 'node:assert/strict';
import { release } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { PacketMeter } from '../../adapters/nic/meter/packet-meter.ts';
import type { PortInfo } from '../../engine/model/port.ts';
import { BRIDGE, TestNode, type Vm } from '../../lab/testbed/node.ts';
import { sendFrames } from '../../lab/testbed/packets.ts';
import { setOffloads } from '../../lab/compare/guest/guests.ts';
import { waitFor } from '../../lab/testbed/wait.ts';
import { builtObject, projectRoot } from '../adapters/nic/support/object.ts';
import { readMeter } from '../contract/connection-meter.ts';
import { udpFrames } from '../node/fixture.ts';
import { needs } from '../support/needs.ts';

const BYTES = 400_000;
const MSS = 1_460;
const TCP = 6;
const PYTHON = '/usr/bin/python3';
const TRANSFER = 'test/adapters/nic/tcx/support/transfer.py';

/** What was counted by a port. */
interface Counted {
  readonly packets: number;
  readonly bytes: number;
}

describe(`the meter beside the datapath of kernel ${release()}`, function () {
  this.timeout(180_000);
  let node: TestNode | undefined;
  let meter: PacketMeter | undefined;
  let vms: readonly Vm[] = [];

  before(async function () {
    needs(this, 'kernel-lab', 'root', 'netns', 'ovs', 'debian-python3');
    node = await TestNode.start([], 'system', 'shared');
    vms = [await node.addVm(1), await node.addVm(2)];
    for (const vm of vms) await setOffloads(vm, 'tx', 'on', 'tso', 'on', 'gro', 'on');
    await node.introduce(...vms);
    await node.ovs.ofctl('del-flows', BRIDGE);
    await node.ovs.ofctl('add-flow', BRIDGE, 'in_port=1,actions=output:2');
    await node.ovs.ofctl('add-flow', BRIDGE, 'in_port=2,actions=output:1');
    await node.ovs.vsctl('set', 'Open_vSwitch', '.', 'other_config:max-idle=600000');
    meter = new PacketMeter({
      pinPath: node.pinPath,
      objectPath: builtObject('meter'),
      connections: 4096,
      forgetAfterMs: 600_000,
      sampling: { above: 0, oneIn: 1 },
      maxLockWaitMs: 30_000,
    });
    await meter.portsChanged(new Map(vms.map((vm) => [vm.name, infoOf(vm)])));
    assert.deepEqual(meter.ports(), new Set(vms.map(({ name }) => name)));
    // The datapath does not count packets that go up to ovs-vswitchd: the megaflows come first.
    for (const vm of vms) await sendFrames(vm.namespace, udpFrames(1, 3), 10, node.ovs.runDir);
    await waitFor('both megaflows', async () => (await byMegaflows()).every((n) => n.packets > 0), {
      timeoutMs: 20_000,
    });
  });

  after(async () => {
    await meter?.close('withdraw');
    await node?.ovs.vsctl('--if-exists', 'del-br', BRIDGE);
    await node?.stop();
  });

  /** What the datapath has counted of IPv4 by each port. */
  async function byMegaflows(): Promise<readonly Counted[]> {
    const lines = (await node?.ovs.dumpFlows()) ?? [];
    return vms.map(({ name }) => {
      const line = lines.find((l) => l.includes(`in_port(${name})`) && l.includes('0x0800'));
      const [, packets = 0, bytes = 0] = /packets:(\d+), bytes:(\d+)/.exec(line ?? '') ?? [];
      return { packets: Number(packets), bytes: Number(bytes) };
    });
  }

  /** What the meter has counted of TCP by each port. */
  async function byMeter(): Promise<readonly Counted[]> {
    assert(meter);
    const all = [...(await readMeter(meter)).all.values()];
    return vms.map(({ name }) => {
      const those = all.filter(
        ({ headers: { inPort, values } }) => inPort === name && values.ip_proto?.[0] === TCP,
      );
      const sum = (key: keyof Counted): number => those.reduce((n, each) => n + each[key], 0);
      return { packets: sum('packets'), bytes: sum('bytes') };
    });
  }

  it('counts packets and bytes as the datapath does, segments included', async () => {
    const before = await byMegaflows();
    const [sender, receiver] = vms;
    const script = join(projectRoot(), TRANSFER);
    const at = [receiver.address, '5000'];
    const server = await receiver.namespace.spawn('receiver', PYTHON, [script, 'receive', ...at]);
    await server.waitForLine((line) => line === 'ready', 30_000, 'listen');
    const args = [script, 'send', ...at, String(BYTES)];
    await sender.namespace.exec(PYTHON, args, { timeoutMs: 60_000 });
    await server.exited;
    let [metered, passed]: (readonly Counted[])[] = [[], []];
    await waitFor(
      'the meter has what the datapath has counted',
      async () => {
        metered = await byMeter();
        passed = (await byMegaflows()).map(({ packets, bytes }, i) => ({
          packets: packets - before[i].packets,
          bytes: bytes - before[i].bytes,
        }));
        return isDeepStrictEqual(metered, passed);
      },
      { timeoutMs: 30_000 },
    ).catch(() => assert.deepEqual(metered, passed));
    const [there, back] = metered;
    assert(there.bytes > BYTES && back.packets > 0);
    assert(there.bytes / there.packets > 2 * MSS, 'segments were not kept whole');
  });
});

function infoOf({ name, mac, port }: Vm): PortInfo {
  return {
    name,
    uuid: `uuid-of-${name}`,
    ifindex: port.ifindex,
    bridge: BRIDGE,
    datapath: 'kernel',
    kind: 'vm',
    mac,
    vm: name,
    slice: undefined,
    linkBitsPerSecond: undefined,
    shaped: false,
    policed: false,
  };
}
