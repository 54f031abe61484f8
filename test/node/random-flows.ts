import fc from 'fast-check';
import {
  arpRequest,
  echoRequest,
  ethernet,
  type IpHeader,
  ipv4,
  ipv6,
  MARKER,
  tcp,
  udp,
  type VlanTag,
} from '../../lab/testbed/frames.ts';

/** A flow of the property test: what its packets look like and what OpenFlow does with them. */
export interface RandomFlow {
  readonly kind: Kind;
  readonly srcMac: string;
  readonly dstMac: string;
  readonly tags: readonly VlanTag[];
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
  readonly ports: readonly [number, number];
  /** IPv4 alone: the flags and offset word, and the length of options in bytes. */
  readonly fragment: number;
  readonly optionBytes: number;
  /** Whether the rule matches the destination address, and the transport's ports. */
  readonly matchAddress: boolean;
  readonly matchPorts: boolean;
  readonly actions: RandomActions;
}

/** Rewrites, in the order in which the rule does them. */
export interface RandomActions {
  readonly setSrc: string | undefined;
  readonly setDst: string | undefined;
  readonly decTtl: boolean;
  /** Of packets that are no fragments: addresses, of which 4 or 16 bytes count, and ports. */
  readonly setSrcAddress: Uint8Array | undefined;
  readonly setDstAddress: Uint8Array | undefined;
  readonly setSrcPort: number | undefined;
  readonly setDstPort: number | undefined;
  readonly vlan: 'none' | 'pop' | 'push' | 'set-vid';
  readonly vid: number;
  readonly pcp: number;
  readonly drop: boolean;
}

const KINDS = ['udp4', 'tcp4', 'icmp4', 'udp6', 'tcp6', 'icmp6', 'arp', 'other'] as const;
type Kind = (typeof KINDS)[number];

const u8 = fc.integer({ min: 0, max: 255 });
const u16 = fc.integer({ min: 1, max: 0xffff });
const vid = fc.integer({ min: 1, max: 4094 });
const pcp = fc.integer({ min: 0, max: 7 });

/** Unicast, locally administered. */
const mac = fc
  .tuple(u8, u8, u8, u8, u8)
  .map((bytes) => ['06', ...bytes.map((byte) => byte.toString(16).padStart(2, '0'))].join(':'));

const address = fc.uint8Array({ minLength: 16, maxLength: 16 });

const actions: fc.Arbitrary<RandomActions> = fc.record({
  setSrc: fc.option(mac, { nil: undefined }),
  setDst: fc.option(mac, { nil: undefined }),
  decTtl: fc.boolean(),
  setSrcAddress: fc.option(address, { nil: undefined, freq: 1 }),
  setDstAddress: fc.option(address, { nil: undefined, freq: 1 }),
  setSrcPort: fc.option(u16, { nil: undefined, freq: 1 }),
  setDstPort: fc.option(u16, { nil: undefined, freq: 1 }),
  vlan: fc.constantFrom('none', 'none', 'pop', 'push', 'set-vid'),
  vid,
  pcp,
  drop: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});

const tag = fc.record({ tpid: fc.constant(0x8100), vid, pcp });
const serviceTag = fc.record({ tpid: fc.constantFrom(0x8100, 0x88a8), vid, pcp });
const tags: fc.Arbitrary<readonly VlanTag[]> = fc.oneof(
  fc.constant([]),
  fc.constant([]),
  tag.map((one) => [one]),
  fc.tuple(serviceTag, tag),
);

const DONT_FRAGMENT = 0x4000;
const FIRST_FRAGMENT = 0x2000;
const LATER_FRAGMENT = 0x2005;

/** Any flow. */
export const randomFlow: fc.Arbitrary<RandomFlow> = fc.record({
  kind: fc.constantFrom(...KINDS),
  srcMac: mac,
  dstMac: mac,
  tags,
  src: address,
  dst: address,
  ports: fc.tuple(u16, u16),
  fragment: fc.constantFrom(0, 0, 0, DONT_FRAGMENT, FIRST_FRAGMENT, LATER_FRAGMENT),
  optionBytes: fc.constantFrom(0, 0, 0, 4, 40),
  matchAddress: fc.boolean(),
  matchPorts: fc.boolean(),
  actions,
});

/** What varies from packet to packet of a flow. */
export interface RandomPacket {
  readonly ttl: number;
  readonly tos: number;
  readonly data: Uint8Array;
  readonly sequence: number;
  readonly flags: number;
}

/** Any packet. */
export const randomPacket: fc.Arbitrary<RandomPacket> = fc.record({
  ttl: fc.integer({ min: 2, max: 255 }),
  tos: u8,
  data: fc.uint8Array({ maxLength: 1_300 }),
  sequence: fc.nat({ max: 0xffffffff }),
  // No SYN, FIN or RST: GRO and conntrack have nothing to say about the rest.
  flags: fc.constantFrom(0x10, 0x18, 0x30),
});

/** The frame of a packet of a flow; `number` goes behind the marker. */
export function frameOf(flow: RandomFlow, packet: RandomPacket, number: number): Buffer {
  const counted = Buffer.alloc(4);
  counted.writeUInt32BE(number);
  const data = Buffer.concat([MARKER, counted, packet.data]);
  const [etherType, payload] = payloadOf(flow, packet, data, number);
  return ethernet({ src: flow.srcMac, dst: flow.dstMac, tags: flow.tags, etherType, payload });
}

function payloadOf(
  flow: RandomFlow,
  packet: RandomPacket,
  data: Buffer,
  number: number,
): readonly [number, Buffer] {
  const { kind } = flow;
  if (kind === 'other') return [0x88b5, data];
  if (kind === 'arp') {
    const [sender, target] = addresses(flow);
    return [0x0806, Buffer.concat([arpRequest(flow.srcMac, sender, target), data])];
  }
  const [src, dst] = addresses(flow);
  // With dec_ttl a megaflow is of one TTL: one for all packets keeps the flow one flow.
  const ttl = flow.actions.decTtl ? 64 : packet.ttl;
  const protocol = { udp: 17, tcp: 6, icmp: isV6(kind) ? 58 : 1 }[transport(kind)];
  const ip: IpHeader = { src, dst, protocol, ttl, tos: packet.tos };
  const segment = segmentOf(flow, packet, ip, data);
  if (isV6(kind)) return [0x86dd, ipv6(ip, number & 0xfffff, segment)];
  const options = Buffer.alloc(optionBytes(flow), 1);
  return [0x0800, ipv4(ip, number & 0xffff, segment, { fragment: flow.fragment, options })];
}

/** The NIC leaves TCP behind options to the vSwitch: its checksum may be of another destination. */
function optionBytes({ kind, fragment, optionBytes: bytes }: RandomFlow): number {
  return kind === 'tcp4' && !isFragment(fragment) ? 0 : bytes;
}

function isFragment(fragment: number): boolean {
  return fragment !== 0 && fragment !== DONT_FRAGMENT;
}

function segmentOf(flow: RandomFlow, packet: RandomPacket, ip: IpHeader, data: Buffer): Buffer {
  const [from, to] = flow.ports;
  const carried = transport(flow.kind);
  if (carried === 'udp') return udp(ip, from, to, data);
  if (carried === 'icmp') return echoRequest(ip, from, data);
  return tcp(ip, from, to, packet.sequence, packet.flags, data);
}

/** The OpenFlow 1.3 rule of a flow: from port 1 to port 2. */
export function ruleOf(flow: RandomFlow): string {
  const { kind } = flow;
  const match = ['priority=100', 'in_port=1', `dl_src=${flow.srcMac}`];
  if (flow.tags.length > 0) match.push(`dl_vlan=${flow.tags[0].vid}`);
  match.push(...protocolMatch(flow));
  const todo: string[] = [];
  const { actions } = flow;
  if (actions.setSrc !== undefined) todo.push(`set_field:${actions.setSrc}->eth_src`);
  if (actions.setDst !== undefined) todo.push(`set_field:${actions.setDst}->eth_dst`);
  const isIp = kind !== 'arp' && kind !== 'other' && flow.tags.length < 2;
  if (actions.decTtl && isIp) todo.push('dec_ttl');
  if (isIp) todo.push(...tupleRewrites(flow));
  if (actions.vlan === 'pop' && flow.tags.length > 0) todo.push('pop_vlan');
  if (actions.vlan === 'set-vid' && flow.tags.length > 0) {
    todo.push(`set_field:${actions.vid | 0x1000}->vlan_vid`);
  }
  if (actions.vlan === 'push' && flow.tags.length === 0) {
    todo.push('push_vlan:0x8100', `set_field:${actions.vid | 0x1000}->vlan_vid`);
    todo.push(`set_field:${actions.pcp}->vlan_pcp`);
  }
  const out = actions.drop ? ['drop'] : [...todo, 'output:2'];
  return `${match.join(',')},actions=${out.join(',')}`;
}

/** Rewrites of addresses and ports, which NIC tables refuse for fragments. */
function tupleRewrites(flow: RandomFlow): readonly string[] {
  const { kind, fragment, actions } = flow;
  const version = isV6(kind) ? 'ipv6' : 'ip';
  const { setSrcAddress, setDstAddress, setSrcPort, setDstPort } = actions;
  if (!isV6(kind) && isFragment(fragment)) return [];
  const words: string[] = [];
  const [src, dst] = addresses({
    kind,
    src: setSrcAddress ?? flow.src,
    dst: setDstAddress ?? flow.dst,
  });
  if (setSrcAddress !== undefined) words.push(`set_field:${addressText(src)}->${version}_src`);
  if (setDstAddress !== undefined) words.push(`set_field:${addressText(dst)}->${version}_dst`);
  const carried = transport(kind);
  if (carried === 'icmp') return words;
  if (setSrcPort !== undefined) words.push(`set_field:${setSrcPort}->${carried}_src`);
  if (setDstPort !== undefined) words.push(`set_field:${setDstPort}->${carried}_dst`);
  return words;
}

function addressText(bytes: Buffer): string {
  return bytes.length === 4 ? bytes.join('.') : groups(bytes);
}

function protocolMatch(flow: RandomFlow): readonly string[] {
  const { kind } = flow;
  // Open vSwitch looks behind one tag and no further (other_config:vlan-limit).
  if (flow.tags.length > 1) return [];
  if (kind === 'arp') return ['arp'];
  if (kind === 'other') return ['dl_type=0x88b5'];
  const [, dst] = addresses(flow);
  const words = [`${transport(kind)}${isV6(kind) ? '6' : ''}`];
  if (flow.matchAddress) {
    words.push(`${isV6(kind) ? 'ipv6' : 'nw'}_dst=${addressText(dst)}`);
  }
  const whole = isV6(kind) || !isFragment(flow.fragment);
  if (flow.matchPorts && whole && transport(kind) !== 'icmp') words.push(`tp_dst=${flow.ports[1]}`);
  return words;
}

/** Addresses of the flow's family that are nobody's: 10.0.0.0/8, fd00::/8. */
function addresses(flow: Pick<RandomFlow, 'kind' | 'src' | 'dst'>): readonly [Buffer, Buffer] {
  const make = (bytes: Uint8Array) =>
    isV6(flow.kind)
      ? Buffer.from([0xfd, ...bytes.subarray(1)])
      : Buffer.from([10, ...bytes.subarray(1, 4)]);
  return [make(flow.src), make(flow.dst)];
}

function groups(address: Buffer): string {
  return address.toString('hex').match(/.{4}/g)?.join(':') ?? '';
}

function isV6(kind: Kind): boolean {
  return kind.endsWith('6');
}

function transport(kind: Kind): 'udp' | 'tcp' | 'icmp' {
  if (kind.startsWith('udp')) return 'udp';
  return kind.startsWith('tcp') ? 'tcp' : 'icmp';
}
