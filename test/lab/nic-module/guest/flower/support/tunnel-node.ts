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
import { type PrintedFilter, printedFilters } from '../../support/printed-filters.ts';
import { LinkCounters } from './link-counters.ts';
import {
  farAction,
  farDevice,
  interfaceSettings,
  OPTION,
  outerHeaders,
  type TunnelKind,
  UNDERLAY,
} from './tunnel-kinds.ts';

const BRIDGE = 'br0';
const IN_TIME = { timeoutMs: 20_000, everyMs: 100 };
const MODULES = [
  'openvswitch',
  'cls_flower',
  'cls_matchall',
  'act_tunnel_key',
  'vport_vxlan',
  'vport_geneve',
];
const MACS = { vm: '02:00:00:00:01:16', far: '02:00:00:00:02:01' };

/** Packets that {@link TunnelNode.send} sends. */
export const PACKETS = 10;
/** Into the tunnel, or out of it. */
export type Way = 'in' | 'out';

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
const FRAMES = { in: frame(MACS.vm, MACS.far, [1, 2]), out: frame(MACS.far, MACS.vm, [2, 1]) };

/** A VM, Open vSwitch with a tunnel, the far end of it, and rules of tc flower in software. */
export class TunnelNode {
  readonly backend: FlowerBackend;
  readonly #kind: TunnelKind;
  readonly #world: World;
  readonly #ovs: OvsInstance;
  readonly #remote: Namespace;
  readonly #vmPort: string;
  readonly #cleanup: Cleanup;
  readonly #capture: Capture;
  readonly #ends: Readonly<
    Record<Way, { readonly sender: PacketSocket; readonly counters: LinkCounters; device: string }>
  >;

  private constructor(
    kind: TunnelKind,
    world: World,
    ovs: OvsInstance,
    remote: Namespace,
    capture: Capture,
    cleanup: Cleanup,
  ) {
    this.#kind = kind;
    this.#world = world;
    this.#ovs = ovs;
    this.#remote = remote;
    this.#capture = capture;
    this.#cleanup = cleanup;
    [this.#vmPort = ''] = world.names();
    const vm = world.port(this.#vmPort).vm.name;
    this.#ends = {
      in: {
        sender: new PacketSocket(vm, 'eth0'),
        counters: new LinkCounters(remote.name),
        device: 'far',
      },
      out: {
        sender: new PacketSocket(remote.name, 'far'),
        counters: new LinkCounters(vm),
        device: 'eth0',
      },
    };
    const limits = { entries: 64, leaseMs: 60_000, heartbeatMs: 0, detachAfterMs: 60_000 };
    const paths = { pinPath: world.pinPath(), objectPath: builtObject('flower') };
    this.backend = new FlowerBackend({ rulesIn: 'software', ...limits, ...paths });
  }

  static async start(kind: TunnelKind): Promise<TunnelNode> {
    await run('modprobe', ['-a', ...MODULES], { timeoutMs: 30_000 });
    const cleanup = new Cleanup();
    const names = new NameMaker();
    const world = await World.create(1);
    const remote = await Namespace.create(cleanup, names);
    await layUnderlay(cleanup, remote, names.next('u'));
    await layFarEnd(remote, kind);
    const ovs = await OvsInstance.start(cleanup, names, [], [], 'shared');
    await ovs.addBridge(BRIDGE, 'system');
    const [vmPort = ''] = world.names();
    await ovs.addPort({ bridge: BRIDGE, name: vmPort, ofport: 1 });
    const settings = [...interfaceSettings(kind), 'ofport_request=2'];
    await ovs.vsctl('add-port', BRIDGE, 'tun', '--', 'set', 'interface', 'tun', ...settings);
    const node = new TunnelNode(kind, world, ovs, remote, await Capture.start(remote), cleanup);
    await node.#addRules();
    await node.backend.start(await node.#ports(), never());
    assert.equal(await node.backend.renewLease(monotonicMs()), 'renewed');
    return node;
  }

  /** Sends packets, and waits until they arrive. */
  async send(way: Way): Promise<void> {
    const { sender, counters, device } = this.#ends[way];
    const before = await counters.received(device);
    for (let i = 0; i < PACKETS; i++) sender.send(FRAMES[way]);
    const look = async () =>
      (await counters.received(device)) - before >= PACKETS ? true : undefined;
    await waitFor(`${PACKETS} packets arrive`, look, IN_TIME);
  }

  /** Sends packets; returns how many of them have come to the kernel datapath. */
  async passed(way: Way): Promise<number> {
    const before = await this.#looked();
    await this.send(way);
    return (await this.#looked()) - before;
  }

  /** Gives the packets that leave the tunnel other options. */
  async sendWith(options: string | undefined): Promise<void> {
    const place = 'dev far egress pref 1 protocol all';
    const action = farAction(this.#kind, options);
    const commands = `tc filter del ${place}; tc filter add ${place} matchall action ${action}`;
    await this.#remote.exec('sh', ['-c', commands]);
  }

  /** The flows of IPv4, as the vSwitch has them. */
  async flows(): Promise<readonly FlowSpec[]> {
    const lines = (await this.#ovs.dumpFlows()).filter((line) => line.includes('eth_type(0x0800)'));
    const reader = new Reader();
    assert.equal(reader.lines(...lines).skipped, 0, lines.join('\n'));
    return [...reader.rows().values()].map((row) => reader.table.specAt(row));
  }

  /** The outer headers of what was sent into the tunnel since the last call, once all were captured. */
  async captured(): Promise<readonly string[]> {
    const all = () => (this.#capture.frames.length >= PACKETS ? true : undefined);
    await waitFor('the packets are captured', all, IN_TIME);
    return [...new Set(this.#capture.take().map(({ bytes }) => outerHeaders(this.#kind, bytes)))];
  }

  /** The rules of IPv4 on the VM's port, and on the device of the tunnel. */
  async written(): Promise<readonly (readonly PrintedFilter[])[]> {
    const both = await Promise.all([this.#vmPort, this.#kind.device].map(printedFilters));
    return both.map((filters) => [...filters.values()].filter(({ protocol }) => protocol === 'ip'));
  }

  /** Ends the backend, and lets the vSwitch write rules itself. */
  async letVswitchOffload(): Promise<void> {
    await this.backend.close('withdraw');
    await this.#ovs.vsctl('set', 'Open_vSwitch', '.', 'other_config:hw-offload=true');
    await this.#ovs.stopVswitchd();
    await this.#ovs.startVswitchd();
    await this.#addRules();
  }

  async stop(): Promise<void> {
    for (const { sender, counters } of Object.values(this.#ends)) {
      sender.close();
      counters.close();
    }
    await this.backend.close('withdraw');
    await this.#cleanup.run();
    await this.#world.close();
  }

  /** The ports as the database has them. */
  async #ports(): Promise<PortSnapshot> {
    const port = this.#world.snapshot().get(this.#vmPort);
    assert(port !== undefined);
    const ifindex = Number(await this.#ovs.vsctl('get', 'Interface', 'tun', 'ifindex'));
    const tunnel = { ...port, name: 'tun', uuid: 'uuid-tun', kind: 'other', ifindex } as const;
    return new Map([
      [this.#vmPort, port],
      ['tun', tunnel],
    ]);
  }

  /** Packets that have come to the kernel datapath. */
  async #looked(): Promise<number> {
    const [, hits, misses] =
      /lookups: hit:(\d+) missed:(\d+)/.exec(await this.#ovs.appctl('dpctl/show')) ?? [];
    return Number(hits) + Number(misses);
  }

  async #addRules(): Promise<void> {
    const { hasOption } = this.#kind;
    if (hasOption) {
      await this.#ovs.ofctl('del-tlv-map', BRIDGE);
      await this.#ovs.ofctl('add-tlv-map', BRIDGE, '{class=0x102,type=0x1,len=4}->tun_metadata0');
    }
    const set = hasOption ? 'set_field:0x2b->tun_metadata0,' : '';
    const match = hasOption ? `,tun_metadata0=0x${OPTION.slice(-2)}` : '';
    await this.#ovs.ofctl('add-flow', BRIDGE, `in_port=1,actions=${set}output:2`);
    await this.#ovs.ofctl('add-flow', BRIDGE, `in_port=2${match},actions=output:1`);
    if (hasOption)
      await this.#ovs.ofctl('add-flow', BRIDGE, 'priority=1,in_port=2,actions=output:1');
  }
}

/** A link between this machine and a namespace. */
async function layUnderlay(cleanup: Cleanup, remote: Namespace, name: string): Promise<void> {
  const peer = `peer name eth0 netns ${remote.name}`;
  await run('sh', ['-c', `ip link add ${name} type veth ${peer}; ip link set ${name} up`]);
  const undo = () => run('ip', ['link', 'del', name]).then(() => undefined);
  cleanup.add({ name: `veth ${name}`, undo, undoNow: () => undefined });
  for (const { near, far, length } of Object.values(UNDERLAY)) {
    const flags = near.includes(':') ? ['nodad'] : [];
    await run('ip', ['address', 'add', `${near}/${length}`, 'dev', name, ...flags]);
    await remote.exec('ip', ['address', 'add', `${far}/${length}`, 'dev', 'eth0', ...flags]);
  }
  await remote.exec('ip', ['link', 'set', 'eth0', 'up']);
}

async function layFarEnd(remote: Namespace, kind: TunnelKind): Promise<void> {
  const commands = [
    'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6',
    `ip link add far address ${MACS.far} type ${farDevice(kind)}`,
    'ip link set far up',
  ];
  if (kind.hasOption) {
    commands.push(
      'tc qdisc add dev far clsact',
      `tc filter add dev far egress pref 1 protocol all matchall action ${farAction(kind, OPTION)}`,
    );
  }
  await remote.exec('sh', ['-ec', commands.join('\n')]);
}
