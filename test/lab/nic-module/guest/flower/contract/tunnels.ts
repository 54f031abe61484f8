import assert from 'node:assert/strict';
import { FlowerBackend } from '../../../../../../adapters/nic/flower/backend.ts';
import { monotonicMs } from '../../../../../../async/monotonic.ts';
import type { FlowSpec } from '../../../../../../engine/model/flow.ts';
import type { PortSnapshot } from '../../../../../../engine/model/port.ts';
import { Cleanup } from '../../../../../../lab/testbed/cleanup.ts';
import { ethernet, ipv4, MARKER, udp } from '../../../../../../lab/testbed/frames.ts';
import { NameMaker } from '../../../../../../lab/testbed/names.ts';
import { Namespace } from '../../../../../../lab/testbed/namespace.ts';
import { OvsInstance } from '../../../../../../lab/testbed/ovs.ts';
import { PacketSocket } from '../../../../../../lab/testbed/packet-socket.ts';
import { Capture } from '../../../../../../lab/testbed/packets.ts';
import { run } from '../../../../../../lab/testbed/run.ts';
import { waitFor } from '../../../../../../lab/testbed/wait.ts';
import { builtObject } from '../../../../../adapters/nic/support/object.ts';
import { World } from '../../../../../adapters/nic/support/world.ts';
import { Reader } from '../../../../../adapters/ovs/dump/dump-lines.ts';
import { never } from '../../../../../contract/collect.ts';
import { outcomesOf, put } from '../../../../../contract/offload-backend-operations.ts';
import { needs } from '../../../../../support/needs.ts';
import { type PrintedFilter, printedFilters } from '../../support/printed-filters.ts';
import { LinkCounters } from '../support/link-counters.ts';

const BRIDGE = 'br0';
const IN_TIME = { timeoutMs: 20_000, everyMs: 100 };
const PACKETS = 10;
const ID = 100;

/** Kinds of tunnels, with the device of the far end, and that of the vSwitch. */
const KINDS = [
  { type: 'vxlan', far: `vxlan id ${ID} remote 172.16.0.1 dstport 4789`, device: 'vxlan_sys_4789' },
  { type: 'geneve', far: `geneve id ${ID} remote 172.16.0.1`, device: 'genev_sys_6081' },
] as const;

const MACS = { vm: '02:00:00:00:01:16', far: '02:00:00:00:02:01' };

function frame(src: string, dst: string, address: readonly [number, number]): Buffer {
  const [from, to] = address;
  const ip = {
    src: Buffer.from([10, 0, 0, from]),
    dst: Buffer.from([10, 0, 0, to]),
    protocol: 17,
    ttl: 64,
    tos: 0,
  };
  const payload = ipv4(ip, 1, udp(ip, 5_000, 6_000, Buffer.concat([MARKER, Buffer.alloc(40)])));
  return ethernet({ src, dst, etherType: 0x0800, payload });
}
const TO_FAR = frame(MACS.vm, MACS.far, [1, 2]);
const TO_VM = frame(MACS.far, MACS.vm, [2, 1]);

for (const { type, far, device } of KINDS) {
  describe(`rules of tc flower in software, for tunnels of Open vSwitch: ${type}`, function () {
    this.timeout(60_000);
    const cleanup = new Cleanup();
    let world: World | undefined;
    let ovs: OvsInstance;
    let backend: FlowerBackend;
    let remote: Namespace;
    let capture: Capture;
    const counters: LinkCounters[] = [];
    const sockets: PacketSocket[] = [];
    let vmPort = '';
    let ours: readonly (readonly PrintedFilter[])[] = [];

    before(async function () {
      needs(this, 'kernel-lab', 'root', 'netns', 'nft', 'ovs', 'debian-python3');
      const modules = [
        'openvswitch',
        'cls_flower',
        'act_tunnel_key',
        'vport_vxlan',
        'vport_geneve',
      ];
      await run('modprobe', ['-a', ...modules], { timeoutMs: 30_000 });
      const names = new NameMaker();
      world = await World.create(1);
      [vmPort = ''] = world.names();
      remote = await Namespace.create(cleanup, names);
      await layUnderlay(cleanup, remote, names.next('u'));
      await remote.exec('sh', [
        '-c',
        `echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6; ` +
          `ip link add far address ${MACS.far} type ${far}; ip link set far up`,
      ]);
      ovs = await OvsInstance.start(cleanup, names, [], [], 'shared');
      await ovs.addBridge(BRIDGE, 'system');
      await ovs.addPort({ bridge: BRIDGE, name: vmPort, ofport: 1 });
      const options = ['options:remote_ip=172.16.0.2', `options:key=${ID}`, 'ofport_request=2'];
      const settings = ['--', 'set', 'interface', 'tun', `type=${type}`, ...options];
      await ovs.vsctl('add-port', BRIDGE, 'tun', ...settings);
      await addRules();
      counters.push(new LinkCounters(remote.name), new LinkCounters(world.port(vmPort).vm.name));
      sockets.push(
        new PacketSocket(world.port(vmPort).vm.name, 'eth0'),
        new PacketSocket(remote.name, 'far'),
      );
      capture = await Capture.start(remote);
      const limits = { entries: 64, leaseMs: 60_000, heartbeatMs: 0, detachAfterMs: 60_000 };
      const paths = { pinPath: world.pinPath(), objectPath: builtObject('flower') };
      backend = new FlowerBackend({ rulesIn: 'software', ...limits, ...paths });
      await backend.start(await ports(), never());
      assert.equal(await backend.renewLease(monotonicMs()), 'renewed');
    });

    after(async () => {
      for (const socket of sockets) socket.close();
      for (const one of counters) one.close();
      await backend?.close('withdraw');
      await cleanup.run();
      await world?.close();
    });

    /** The ports as the database has them. */
    async function ports(): Promise<PortSnapshot> {
      const port = world?.snapshot().get(vmPort);
      assert(port !== undefined);
      const ifindex = Number(await ovs.vsctl('get', 'Interface', 'tun', 'ifindex'));
      const tunnel = { ...port, name: 'tun', uuid: 'uuid-tun', kind: 'other', ifindex } as const;
      return new Map([
        [vmPort, port],
        ['tun', tunnel],
      ]);
    }

    const received = [() => counters[0].received('far'), () => counters[1].received('eth0')];

    /** Sends packets into the tunnel (0) or out of it (1), and waits until they arrive. */
    async function send(way: 0 | 1): Promise<void> {
      const before = await received[way]();
      for (let i = 0; i < PACKETS; i++) sockets[way].send(way === 0 ? TO_FAR : TO_VM);
      const look = async () => ((await received[way]()) - before >= PACKETS ? true : undefined);
      await waitFor(`${PACKETS} packets arrive`, look, IN_TIME);
    }

    /** Packets that have come to the kernel datapath. */
    async function looked(): Promise<number> {
      const [, hits, misses] =
        /lookups: hit:(\d+) missed:(\d+)/.exec(await ovs.appctl('dpctl/show')) ?? [];
      return Number(hits) + Number(misses);
    }

    async function passed(way: 0 | 1): Promise<number> {
      const before = await looked();
      await send(way);
      return (await looked()) - before;
    }

    /** The flows of both directions, as the vSwitch has them. */
    async function flows(): Promise<readonly FlowSpec[]> {
      const lines = (await ovs.dumpFlows()).filter((line) => line.includes('eth_type(0x0800)'));
      const reader = new Reader();
      assert.equal(reader.lines(...lines).skipped, 0, lines.join('\n'));
      return [...reader.rows().values()].map((row) => reader.table.specAt(row));
    }

    /** Outer headers at the far end, without what differs from packet to packet: identification and source port. */
    function outer(): readonly string[] {
      const seen = capture.take().map(({ bytes }) => {
        const headers = Buffer.from(bytes.subarray(14, bytes.indexOf(MARKER)));
        headers.fill(0, 4, 6);
        headers.fill(0, 10, 12);
        headers.fill(0, 20, 22);
        return headers.toString('hex');
      });
      return [...new Set(seen)];
    }

    it('carry flows into them and out of them, with the same outer headers', async () => {
      assert.equal(await passed(0), PACKETS);
      assert.equal(await passed(1), PACKETS);
      const before = await captured();
      const both = await flows();
      assert.equal(both.length, 2, JSON.stringify(both));
      assert(both.some(({ match }) => match.inPort === device));
      const results = await backend.apply(both.map(put), never());
      assert.deepEqual(outcomesOf(results), ['installed', 'installed'], JSON.stringify(results));
      assert.equal(await passed(0), 0);
      assert.equal(await passed(1), 0);
      ours = await written();
      const after = await captured();
      assert.equal(after.length, 1);
      assert.deepEqual(after, before);
      await backend.withdrawAll();
      assert.equal(await passed(0), PACKETS);
      assert.equal(await passed(1), PACKETS);
    });

    it('are those of the offload of Open vSwitch itself', async () => {
      await backend.close('withdraw');
      await ovs.vsctl('set', 'Open_vSwitch', '.', 'other_config:hw-offload=true');
      await ovs.stopVswitchd();
      await ovs.startVswitchd();
      await addRules();
      await send(0);
      await send(1);
      // tc does not print the flag DF, in which they differ. Ours need no port: the device of the filter has one.
      const theirs = (await written()).map((filters) => filters.map(withoutPort));
      assert.deepEqual(theirs, ours);
    });

    async function addRules(): Promise<void> {
      await ovs.ofctl('add-flow', BRIDGE, 'in_port=1,actions=output:2');
      await ovs.ofctl('add-flow', BRIDGE, 'in_port=2,actions=output:1');
    }

    /** The rules of IPv4 of both directions. */
    async function written(): Promise<readonly (readonly PrintedFilter[])[]> {
      const both = await Promise.all([vmPort, device].map(printedFilters));
      return both.map((filters) =>
        [...filters.values()].filter(({ protocol }) => protocol === 'ip'),
      );
    }

    /** The outer headers of what was sent into the tunnel since the last call, once all were captured. */
    async function captured(): Promise<readonly string[]> {
      const all = () => (capture.frames.length >= PACKETS ? true : undefined);
      await waitFor('the packets are captured', all, IN_TIME);
      return outer();
    }
  });
}

function withoutPort(filter: PrintedFilter): PrintedFilter {
  const { enc_dst_port: _, ...keys } = filter.keys;
  return { ...filter, keys };
}

/** A link between this machine, 172.16.0.1, and a namespace, 172.16.0.2. */
async function layUnderlay(cleanup: Cleanup, remote: Namespace, name: string): Promise<void> {
  const peer = `peer name eth0 netns ${remote.name}`;
  await run('sh', ['-c', `ip link add ${name} type veth ${peer}; ip link set ${name} up`]);
  const undo = () => run('ip', ['link', 'del', name]).then(() => undefined);
  cleanup.add({ name: `veth ${name}`, undo, undoNow: () => undefined });
  await run('ip', ['address', 'add', '172.16.0.1/24', 'dev', name]);
  await remote.exec('sh', ['-c', 'ip address add 172.16.0.2/24 dev eth0; ip link set eth0 up']);
}
