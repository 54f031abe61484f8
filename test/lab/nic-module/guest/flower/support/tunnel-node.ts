import assert from 'node:assert/strict';
import { FlowerBackend } from '../../../../../../adapters/nic/flower/backend.ts';
import { monotonicMs } from '../../../../../../async/monotonic.ts';
import type { FlowSpec } from '../../../../../../engine/model/flow.ts';
import type { PortSnapshot } from '../../../../../../engine/model/port.ts';
import { Cleanup } from '../../../../../../lab/testbed/cleanup.ts';
import { ethernet, ipv4, MARKER, udp } from '../../../../../../lab/testbed/frames.ts';
import { NameMaker } from '../../../../../../lab/testbed/names.ts';
import type { Namespace } from '../../../../../../lab/testbed/namespace.ts';
import { OvsInstance } from '../../../../../../lab/testbed/ovs.ts';
import { PacketSocket } from '../../../../../../lab/testbed/packet-socket.ts';
import { Capture } from '../../../../../../lab/testbed/packets.ts';
import { run } from '../../../../../../lab/testbed/run.ts';
import { waitFor } from '../../../../../../lab/testbed/wait.ts';
import { builtObject } from '../../../../../adapters/nic/support/object.ts';
import { Reader } from '../../../../../adapters/ovs/dump/dump-lines.ts';
import { never } from '../../../../../contract/collect.ts';
import { type PrintedFilter, printedFilters } from '../../support/printed-filters.ts';
import { LinkCounters } from './link-counters.ts';
import type { TunnelBed } from './tunnel-bed.ts';
import {
  farAction,
  farDevice,
  interfaceSettings,
  OPTION,
  outerHeaders,
  type TunnelKind,
} from './tunnel-kinds.ts';
import { openTestWatchdog } from './watchdog.ts';

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

/** A VM, Open vSwitch with a tunnel, the far end of it, and rules of tc flower. */
export class TunnelNode {
  readonly backend: FlowerBackend;
  readonly #kind: TunnelKind;
  readonly #bed: TunnelBed;
  readonly #ovs: OvsInstance;
  readonly #cleanup: Cleanup;
  readonly #capture: Capture;
  readonly #ends: Readonly<
    Record<Way, { readonly sender: PacketSocket; readonly counters: LinkCounters; device: string }>
  >;

  private constructor(
    kind: TunnelKind,
    bed: TunnelBed,
    ovs: OvsInstance,
    capture: Capture,
    cleanup: Cleanup,
  ) {
    this.#kind = kind;
    this.#bed = bed;
    this.#ovs = ovs;
    this.#capture = capture;
    this.#cleanup = cleanup;
    const vm = bed.vm.name;
    const remote = bed.remote.name;
    this.#ends = {
      in: {
        sender: new PacketSocket(vm, 'eth0'),
        counters: new LinkCounters(remote),
        device: 'far',
      },
      out: {
        sender: new PacketSocket(remote, 'far'),
        counters: new LinkCounters(vm),
        device: 'eth0',
      },
    };
    const limits = { entries: 64, leaseMs: 60_000, heartbeatMs: 0, detachAfterMs: 60_000 };
    const { rulesIn, pinPath } = bed;
    const how = { rulesIn, pinPath, objectPath: builtObject('flower'), maxLockWaitMs: 10_000 };
    this.backend = new FlowerBackend({ ...how, ...limits }, { openWatchdog: openTestWatchdog });
  }

  static async start(kind: TunnelKind, makeBed: () => Promise<TunnelBed>): Promise<TunnelNode> {
    await run('modprobe', ['-a', ...MODULES], { timeoutMs: 30_000 });
    const cleanup = new Cleanup();
    const bed = await makeBed();
    try {
      return await TunnelNode.#start(kind, bed, cleanup);
    } catch (error) {
      await cleanup.run();
      await bed.stop();
      throw error;
    }
  }

  static async #start(kind: TunnelKind, bed: TunnelBed, cleanup: Cleanup): Promise<TunnelNode> {
    await layFarEnd(bed.remote, kind);
    const ovs = await OvsInstance.start(cleanup, new NameMaker(), [], [], 'shared');
    await ovs.addBridge(BRIDGE, 'system');
    await ovs.addPort({ bridge: BRIDGE, name: bed.port.name, ofport: 1 });
    const settings = [...interfaceSettings(kind), 'ofport_request=2'];
    await ovs.vsctl('add-port', BRIDGE, 'tun', '--', 'set', 'interface', 'tun', ...settings);
    const node = new TunnelNode(kind, bed, ovs, await Capture.start(bed.remote), cleanup);
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
    await this.#bed.remote.exec('sh', ['-c', commands]);
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
    const both = await Promise.all([this.#bed.port.name, this.#kind.device].map(printedFilters));
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
    await this.#bed.stop();
  }

  /** The ports as the database has them. */
  async #ports(): Promise<PortSnapshot> {
    const { port } = this.#bed;
    const ifindex = Number(await this.#ovs.vsctl('get', 'Interface', 'tun', 'ifindex'));
    const tunnel = { ...port, name: 'tun', uuid: 'uuid-tun', kind: 'other', ifindex } as const;
    return new Map([
      [port.name, port],
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
