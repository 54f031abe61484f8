import assert from 'node:assert/strict';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { PacketMeter } from '../../../../adapters/nic/meter/packet-meter.ts';
import type { Namespace } from '../../../../lab/testbed/namespace.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { type Metered, readMeter } from '../../../contract/connection-meter.ts';
import { eventually } from '../../../support/eventually.ts';
import { needs } from '../../../support/needs.ts';
import { projectRoot } from '../support/object.ts';
import { MeterNode } from './support/meter-node.ts';

const BYTES = 5_000_000;
const MSS = 1_460;
const TCP_PORT = 5_000;
const PYTHON = '/usr/bin/python3';
const ETHERNET_BYTES = 14;
const TRANSFER = 'test/adapters/nic/tcx/support/transfer.py';

/** TCP that a device has received. */
interface Received {
  readonly packets: number;
  readonly bytes: number;
}

/** VMs with all offloads, whose TCP leaves segmentation to the device. */
describe('a meter and segments that a sender has left to its device', function () {
  this.timeout(60_000);
  let node: MeterNode;
  let meter: PacketMeter | undefined;
  let vms: readonly Namespace[] = [];
  /** Of nftables; its chains are behind tcx. */
  let table = '';

  before(async function () {
    needs(this, 'root', 'netns', 'tcx', 'debian-python3', 'nft');
    node = await MeterNode.start();
    vms = node.names().map((name) => node.vm(name));
    for (const [i, vm] of vms.entries()) {
      await vm.exec('ethtool', ['-K', 'eth0', 'tx', 'on', 'sg', 'on', 'tso', 'on', 'gso', 'on']);
      await vm.exec('ip', ['address', 'add', `10.9.0.${i + 1}/24`, 'dev', 'eth0']);
      await vm.exec('ip', ['address', 'add', `fd09::${i + 1}/64`, 'dev', 'eth0', 'nodad']);
    }
    table = `t${node.names()[0]}`;
    node.world.cleanup.add({
      name: `nftables table ${table}`,
      undo: async () => void (await run('nft', [`delete table netdev ${table}`])),
      undoNow: () => undefined,
    });
    await run('nft', [`add table netdev ${table}`]);
    const chains = node.names().map((name) => {
      const chain = `add chain netdev ${table} ${name} { type filter hook ingress device ${name} priority 0; }`;
      return `${chain}; add rule netdev ${table} ${name} meta l4proto tcp counter`;
    });
    await run('nft', [chains.join('; ')]);
    const asked = { connections: 4096, forgetAfterMs: 60_000, sampling: 1 };
    meter = new PacketMeter(node.options(node.world.pinPath(), asked));
    await meter.portsChanged(node.world.snapshot());
  });

  after(async () => {
    await meter?.close('withdraw');
    await node?.close();
  });

  /** TCP behind the meter on a device, as an nftables chain counts it. */
  async function received(device: string): Promise<Received> {
    const text = await run('nft', ['list', 'chain', 'netdev', table, device]);
    const [, packets, bytes] = /counter packets (\d+) bytes (\d+)/.exec(text) ?? [];
    return { packets: Number(packets), bytes: Number(bytes) + ETHERNET_BYTES * Number(packets) };
  }

  async function transfer(address: string): Promise<void> {
    const [sender, receiver] = vms;
    const script = join(projectRoot(), TRANSFER);
    const at = [address, String(TCP_PORT)];
    const server = await receiver.spawn('receiver', PYTHON, [script, 'receive', ...at]);
    await server.waitForLine((line) => line === 'ready', 10_000, 'listen');
    const arrived = server.waitForLine((line) => /^\d+ [0-9a-f]{64}$/.test(line), 20_000, 'end');
    const sent = await sender.exec(PYTHON, [script, 'send', ...at, String(BYTES)]);
    assert.equal(await arrived, sent.trim(), 'all data has arrived');
    await server.stop();
  }

  for (const [what, address, field] of [
    ['IPv4', '10.9.0.2', 'ipv4_src'],
    ['IPv6', 'fd09::2', 'ipv6_src'],
  ] as const) {
    it(`counts TCP on ${what} as what is behind it does, in both directions`, async () => {
      const before = await Promise.all(node.names().map(received));
      await transfer(address);
      let [byMeter, behind]: (readonly Received[])[] = [[], []];
      // The last packets of a connection pass after both programs have seen its end.
      await eventually('both have counted all packets', async () => {
        assert(meter);
        const { all } = await readMeter(meter);
        const those = [...all.values()].filter(({ headers }) => field in headers.values);
        byMeter = node.names().map((name) => sumOf(those, name));
        const now = await Promise.all(node.names().map(received));
        behind = now.map(({ packets, bytes }, i) => ({
          packets: packets - before[i].packets,
          bytes: bytes - before[i].bytes,
        }));
        return isDeepStrictEqual(byMeter, behind);
      });
      const [there, back] = byMeter;
      assert(there.bytes > BYTES && back.packets > 0);
      const average = there.bytes / there.packets;
      assert(average > 2 * MSS, `${average} bytes a packet: segments were not kept whole`);
    });
  }
});

function sumOf(connections: readonly Metered[], port: string): Received {
  const those = connections.filter(({ headers }) => headers.inPort === port);
  const sum = (key: keyof Received): number => those.reduce((all, each) => all + each[key], 0);
  return { packets: sum('packets'), bytes: sum('bytes') };
}
