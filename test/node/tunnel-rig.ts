import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { geneve, vxlan } from '../../lab/testbed/encapsulation.ts';
import { ethernet, type IpHeader, ipv4, ipv6, MARKER, udp } from '../../lab/testbed/frames.ts';
import { BRIDGE, TestNode, type Vm } from '../../lab/testbed/node.ts';
import { run } from '../../lab/testbed/run.ts';
import type { Seeded } from '../support/seeded.ts';

/** The bridge of the underlay, and addresses of this host and of the other end. */
const UNDERLAY = 'br-phy';
const ADDRESSES = { 4: ['172.16.0.1', '172.16.0.2'], 6: ['fd00::1', 'fd00::2'] } as const;
const OUTER: Readonly<Record<4 | 6, readonly [Buffer, Buffer]>> = {
  4: [Buffer.from([172, 16, 0, 1]), Buffer.from([172, 16, 0, 2])],
  6: [
    Buffer.from('fd000000000000000000000000000001', 'hex'),
    Buffer.from('fd000000000000000000000000000002', 'hex'),
  ],
};
const ETHERTYPE = { 4: 0x0800, 6: 0x86dd };
const UDP = 17;

/** A tunnel of the rig: its OpenFlow port, and what it is. */
interface Tunnel {
  readonly name: string;
  readonly ofport: number;
  readonly type: 'geneve' | 'vxlan';
  readonly version: 4 | 6;
  readonly options: readonly string[];
}
const TUNNELS: readonly Tunnel[] = [
  { name: 'gen4', ofport: 10, type: 'geneve', version: 4, options: [] },
  { name: 'gen6', ofport: 11, type: 'geneve', version: 6, options: ['options:tos=inherit'] },
  {
    name: 'vx4',
    ofport: 12,
    type: 'vxlan',
    version: 4,
    options: ['options:csum=true', 'options:df_default=false', 'options:ttl=inherit'],
  },
];
const PORTS = { geneve: 6081, vxlan: 4789 };

/** A connection between the VM and the other end of a tunnel. */
export interface Spoken {
  /** From 0, below 100. */
  readonly n: number;
  readonly tunnel: Tunnel;
  /** IP version inside. */
  readonly inner: 4 | 6;
  /** What is done to its packets in both directions, as ovs-ofctl takes it. */
  readonly rewrites: readonly string[];
  /** Source port of the VM; the peer's is 1000 higher. */
  readonly port: number;
}

/** One connection through each tunnel, with IPv4 and with IPv6 inside. */
export const SOME: readonly Spoken[] = TUNNELS.flatMap((tunnel, i) => [
  { n: 2 * i, tunnel, inner: 4, rewrites: ['dec_ttl'], port: 1000 + 2 * i },
  {
    n: 2 * i + 1,
    tunnel,
    inner: 6,
    rewrites: ['mod_dl_src:02:09:00:00:00:77'],
    port: 1001 + 2 * i,
  },
]);

/**
 * Connections with random tunnels and rewrites.
 *
 * @param firstPort of the VM; the connections have so many ports from there on
 */
export function randomConnections(r: Seeded, count: number, firstPort: number): readonly Spoken[] {
  return Array.from({ length: count }, (_, n): Spoken => {
    const inner = r.chance(0.6) ? 4 : 6;
    const byte = (): string => r.below(256).toString(16).padStart(2, '0');
    const possible = [
      'dec_ttl',
      `mod_dl_src:02:${byte()}:${byte()}:${byte()}:${byte()}:${byte()}`,
      `mod_dl_dst:02:${byte()}:${byte()}:${byte()}:${byte()}:${byte()}`,
      inner === 4
        ? `mod_nw_dst:10.${r.below(256)}.${r.below(256)}.${r.between(1, 254)}`
        : `set_field:fd77::${byte()}${byte()}->ipv6_dst`,
      `mod_tp_dst:${r.between(1, 65_535)}`,
      `mod_nw_tos:${4 * r.below(64)}`,
    ];
    const rewrites = possible.filter(() => r.chance(0.35));
    return { n, tunnel: r.pick(TUNNELS), inner, rewrites, port: firstPort + n };
  });
}

/**
 * A node whose VM talks through tunnels to a host that is a namespace at the end of a cable: it sends and
 * gets the packets as they are in the underlay.
 */
export class TunnelRig {
  readonly node: TestNode;
  readonly vm: Vm;
  /** The other end of the cable. */
  readonly wire: Vm;
  readonly #mac: string;

  private constructor(node: TestNode, vm: Vm, wire: Vm, mac: string) {
    this.node = node;
    this.vm = vm;
    this.wire = wire;
    this.#mac = mac;
  }

  static async start(): Promise<TunnelRig> {
    const node = await TestNode.start();
    try {
      const [vm, wire] = [await node.addVm(1), await node.addVm(2, { detached: true })];
      const { ovs } = node;
      await ovs.addBridge(UNDERLAY);
      await ovs.addPort({ bridge: UNDERLAY, name: wire.name, ofport: 20 });
      const ns = ['-n', ovs.host.name];
      const [four, six] = [`${ADDRESSES[4][0]}/24`, `${ADDRESSES[6][0]}/64`];
      await run('ip', [...ns, 'address', 'add', four, 'dev', UNDERLAY]);
      await run('ip', [...ns, 'address', 'add', six, 'nodad', 'dev', UNDERLAY]);
      await run('ip', [...ns, 'link', 'set', UNDERLAY, 'up']);
      for (const { name, ofport, type, version, options } of TUNNELS) {
        const remote = `options:remote_ip="${ADDRESSES[version][1]}"`;
        const columns = [`type=${type}`, remote, 'options:key=flow', ...options];
        const port = ['--', 'set', 'interface', name, ...columns, `ofport_request=${ofport}`];
        await ovs.vsctl('add-port', BRIDGE, name, ...port);
      }
      await ovs.ofctl('add-tlv-map', BRIDGE, '{class=0x102,type=0x80,len=4}->tun_metadata0');
      for (const version of [4, 6] as const) {
        await ovs.appctl('tnl/neigh/set', UNDERLAY, ADDRESSES[version][1], wire.mac);
      }
      const mac = await ovs.vsctl('get', 'interface', UNDERLAY, 'mac_in_use');
      const rig = new TunnelRig(node, vm, wire, mac.trim().replaceAll('"', ''));
      await rig.setUnderlay('output:20');
      return rig;
    } catch (error) {
      await node.stop();
      throw error;
    }
  }

  /** Sends what this host puts into tunnels with these actions of ovs-ofctl; 20 is the cable. */
  async setUnderlay(actions: string): Promise<void> {
    const { ovs } = this.node;
    await ovs.ofctl('del-flows', UNDERLAY);
    await ovs.ofctl('add-flow', UNDERLAY, `in_port=LOCAL,actions=${actions}`);
    await ovs.ofctl('add-flow', UNDERLAY, 'in_port=20,actions=LOCAL');
  }

  /** What the VM sends of a connection; `number` is that of the packet. */
  sent(of: Spoken, number: number): Buffer {
    return innerFrame(of, number, false);
  }

  /** What arrives on the cable for the VM. */
  arriving(of: Spoken, number: number): Buffer {
    const { n, tunnel } = of;
    const frame = innerFrame(of, number, true);
    const { type, version } = tunnel;
    const payload =
      type === 'geneve' ? geneve(vniOf(n), optionOf(n), frame) : vxlan(vniOf(n), frame);
    const [dst, src] = OUTER[version];
    const tos = tunnel.options.includes('options:tos=inherit') ? 0x28 : 0;
    const ip: IpHeader = { src, dst, protocol: UDP, ttl: 63, tos };
    const datagram = udp(ip, 40_000 + n, PORTS[type], payload);
    const packet =
      version === 4 ? ipv4(ip, 0, datagram, { fragment: 0x4000 }) : ipv6(ip, 0, datagram);
    const etherType = ETHERTYPE[version];
    return ethernet({ src: this.wire.mac, dst: this.#mac, etherType, payload: packet });
  }

  /** Sends these connections through their tunnels, and nothing else. */
  async setRules(connections: readonly Spoken[]): Promise<void> {
    const { ovs } = this.node;
    await ovs.ofctl('del-flows', BRIDGE);
    const rules: string[] = [];
    for (const { n, tunnel, inner, rewrites, port } of connections) {
      const udpOf = inner === 4 ? 'udp' : 'udp6';
      const isGeneve = tunnel.type === 'geneve';
      const option = `0x${optionOf(n).toString(16)}`;
      const set = isGeneve ? `set_field:${option}->tun_metadata0,` : '';
      const match = isGeneve ? `tun_metadata0=${option}/0x7fffffff,` : '';
      const vni = `0x${vniOf(n).toString(16)}`;
      const rewrite = rewrites.map((one) => `${one},`).join('');
      const actions = `${rewrite}set_field:${vni}->tun_id,${set}output:${tunnel.ofport}`;
      rules.push(`in_port=1,${udpOf},tp_src=${port},actions=${actions}`);
      const from = `in_port=${tunnel.ofport},tun_id=${vni},${match}${udpOf}`;
      rules.push(`${from},actions=${rewrite}output:1`);
    }
    const file = join(ovs.runDir, 'rules');
    await writeFile(file, rules.join('\n'));
    await ovs.ofctl('add-flows', BRIDGE, file);
  }
}

function vniOf(n: number): number {
  return 0x12_3400 + n;
}

function optionOf(n: number): number {
  return 0x0001_0002 + n;
}

/** A datagram between the VM and its peer, with bytes that depend on its number. */
function innerFrame({ n, inner, port }: Spoken, number: number, isReply: boolean): Buffer {
  const address = (last: number): Buffer =>
    inner === 4
      ? Buffer.from([10, 66, n, last])
      : Buffer.concat([Buffer.from([0xfd, 0x66]), Buffer.alloc(12), Buffer.from([n, last])]);
  const [src, dst] = isReply ? [address(2), address(1)] : [address(1), address(2)];
  // The DSCP, and no ECN.
  const ip: IpHeader = { src, dst, protocol: UDP, ttl: 64, tos: 0x28 };
  const label = Buffer.alloc(4);
  label.writeUInt32BE(number);
  const data = Buffer.concat([MARKER, label, Buffer.alloc(20 + (number % 50), number)]);
  const ports: readonly [number, number] = isReply ? [port + 1000, port] : [port, port + 1000];
  const datagram = udp(ip, ...ports, data);
  const payload = inner === 4 ? ipv4(ip, number & 0xffff, datagram) : ipv6(ip, 0, datagram);
  const macs = ['02:09:00:00:00:01', '02:66:00:00:00:02'] as const;
  const [own, other] = isReply ? [macs[1], macs[0]] : macs;
  return ethernet({ src: own, dst: other, etherType: ETHERTYPE[inner], payload });
}
