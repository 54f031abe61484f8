import { FIELD_BITS, type FieldName } from '../../../../../engine/model/match.ts';
import { type ComparableFlow, field } from './comparable.ts';
import {
  isMasked,
  partsOf,
  type PeerFlow,
  type PeerParts,
  type PeerValue,
  type PeerWord,
} from './odp-flow.ts';

/** Our field for each part of an attribute (lib/odp-util.c, format_odp_key_attr__). */
const FIELD_OF: Readonly<Record<string, FieldName>> = {
  eth_type: 'eth_type',
  tcp_flags: 'tcp_flags',
  'eth.src': 'eth_src',
  'eth.dst': 'eth_dst',
  'vlan.vid': 'vlan_vid',
  'vlan.pcp': 'vlan_pcp',
  'ipv4.src': 'ipv4_src',
  'ipv4.dst': 'ipv4_dst',
  'ipv4.proto': 'ip_proto',
  'ipv4.tos': 'ip_tos',
  'ipv4.ttl': 'ip_ttl',
  'ipv4.frag': 'ip_frag',
  'ipv6.src': 'ipv6_src',
  'ipv6.dst': 'ipv6_dst',
  'ipv6.label': 'ipv6_flabel',
  'ipv6.proto': 'ip_proto',
  'ipv6.tclass': 'ip_tos',
  'ipv6.hlimit': 'ip_ttl',
  'ipv6.frag': 'ip_frag',
  'tcp.src': 'tcp_src',
  'tcp.dst': 'tcp_dst',
  'udp.src': 'udp_src',
  'udp.dst': 'udp_dst',
  'sctp.src': 'sctp_src',
  'sctp.dst': 'sctp_dst',
  'icmp.type': 'icmp_type',
  'icmp.code': 'icmp_code',
  'icmpv6.type': 'icmpv6_type',
  'icmpv6.code': 'icmpv6_code',
  'nd.target': 'nd_target',
  'nd.sll': 'nd_sll',
  'nd.tll': 'nd_tll',
  'arp.sip': 'arp_spa',
  'arp.tip': 'arp_tpa',
  'arp.op': 'arp_op',
  'arp.sha': 'arp_sha',
  'arp.tha': 'arp_tha',
};

/** Attributes whose parts are fields; every other one is kept as text. */
const ATTRIBUTES = new Set(Object.keys(FIELD_OF).map((path) => path.split('.')[0]));

/** Bits of TCP flags by the words that Open vSwitch has for them (lib/packets.c). */
const TCP_FLAGS = 'fin syn rst psh ack urg ece cwr ns [200] [400] [800]'.split(' ');

/** What OVS's parser has read. */
export function peerFlow(flow: PeerFlow): ComparableFlow {
  const outer = readKey(flow.match, 0);
  const inner = readKey(flow.innerEncap, 2);
  const { packets, bytes, used } = flow.info;
  return {
    ufid: flow.ufid,
    inPort: flow.match.find((word) => word.name === 'in_port')?.text ?? '',
    packets,
    bytes,
    idleMs: used === 'never' ? -1 : Math.max(0, Math.round(used * 1000)),
    fields: [...outer.fields, ...inner.fields].toSorted(),
    texts: [...outer.texts, ...inner.texts],
    actions: flow.actions.flatMap(peerAction),
  };
}

interface Key {
  readonly fields: readonly string[];
  readonly texts: readonly string[];
}

/** The attributes of a key behind `level` VLAN tags. */
function readKey(words: readonly PeerWord[], level: number): Key {
  const isTagged = words.some((word) => word.name === 'vlan');
  const tag = level === 0 ? 'vlan' : 'cvlan';
  const fields: string[] = [];
  const texts: string[] = [];
  for (const word of words) {
    const { name, written, text, value, inside } = word;
    if (name === 'in_port') continue;
    if (name === 'encap') {
      const behind = readKey(inside, level + 1);
      fields.push(...behind.fields);
      texts.push(...behind.texts);
    } else if (name === 'eth_type' && isTagged) {
      fields.push(...fieldsOf(name, value).map((f) => f.replace('eth_type', `${tag}_tpid`)));
    } else if (name === 'vlan') {
      fields.push(...fieldsOf(name, value).map((f) => f.replace('vlan', tag)));
    } else if (ATTRIBUTES.has(name)) {
      fields.push(...fieldsOf(name, value));
    } else if (isCondition(word)) {
      texts.push(`${written}(${text})`);
    }
  }
  return { fields, texts };
}

/** The fields of an attribute of which a bit must match. */
function fieldsOf(name: string, value: PeerValue): readonly string[] {
  // `set(udp())` writes no bit.
  if (value === 'True') return [];
  if (typeof value === 'string' || isMasked(value)) return fieldText(name, value);
  return Object.entries(value).flatMap(([part, v]) => fieldText(`${name}.${part}`, v));
}

function fieldText(path: string, value: PeerValue): readonly string[] {
  const name = FIELD_OF[path];
  if (name === undefined) throw new Error(`OVS's parser has ${path}, for which there is no field`);
  const [bits, mask] = isMasked(value) ? value : bitsOf(name, value);
  const text = field(name, bits, mask);
  return text.endsWith('/0') ? [] : [text];
}

/** Value and mask of what OVS's parser leaves as text. */
function bitsOf(name: FieldName, value: PeerValue): readonly [value: string, mask: string] {
  if (typeof value === 'string' && name === 'tcp_flags') return tcpFlags(value);
  if (typeof value === 'string' && name === 'ip_frag') return [fragment(value), '3'];
  throw new Error(`${name} is ${JSON.stringify(value)}, without a mask`);
}

/** `+syn-ack`, `syn|ack` or a number. */
function tcpFlags(text: string): readonly [value: string, mask: string] {
  if (text.endsWith('/0')) return ['0', '0'];
  const sum = (flags: readonly string[]): string =>
    flags.reduce((bits, flag) => bits | (1 << TCP_FLAGS.indexOf(flag)), 0).toString(16);
  const signed = [...text.matchAll(/([+-])([a-z]+|\[\d+\])/g)];
  if (signed.length === 0) return [sum(text === '0' ? [] : text.split('|')), 'fff'];
  const set = signed.filter(([, sign]) => sign === '+');
  return [sum(set.map(([, , flag]) => flag)), sum(signed.map(([, , flag]) => flag))];
}

function fragment(text: string): string {
  return String(['no', 'first', 'later'].indexOf(text));
}

/** An attribute that is kept as text says something when any bit of it must match. */
function isCondition({ name, text, value }: PeerWord): boolean {
  if (name === 'recirc_id') return value !== '0';
  if (name === 'ct_state') return !text.endsWith('/0');
  if (name === 'packet_type') return text !== 'ns=0,id=0' && hasMask(value);
  return hasMask(value);
}

function hasMask(value: PeerValue): boolean {
  if (isMasked(value)) return BigInt(`0x${value[1]}`) !== 0n;
  return typeof value === 'string' || Object.values(value).some(hasMask);
}

function peerAction({ name, written, text, value }: PeerWord): readonly string[] {
  const asText = `text ${written}${text === '' ? '' : `(${text})`}`;
  const parts = partsOf(value);
  switch (name) {
    case 'drop':
      return [];
    case 'output':
      return [`output ${textOf(parts, 'port')}`];
    case 'pop_vlan':
      return ['pop'];
    case 'push_vlan':
      // One that clears the bit which says that there is a tag.
      if ('cfi' in parts) return [asText];
      return [
        `push ${textOf(parts, 'tpid', '33024')} ${textOf(parts, 'vid')} ${textOf(parts, 'pcp')}`,
      ];
    case 'set': {
      const writes = Object.entries(parts).flatMap(([attribute, v]) =>
        ATTRIBUTES.has(attribute) ? fieldsOf(attribute, v) : [],
      );
      return writes.length === 0 ? [asText] : writes.map((f) => `set ${f}`).toSorted(byCatalogue);
    }
    default:
      return [asText];
  }
}

function textOf(parts: PeerParts, name: string, otherwise = ''): string {
  const value = parts[name];
  return typeof value === 'string' ? value : otherwise;
}

/** One `set` may write several fields; ours come in the order of the catalogue. */
function byCatalogue(a: string, b: string): number {
  const order = Object.keys(FIELD_BITS);
  const place = (text: string): number => order.indexOf(text.split(/[ =]/)[1]);
  return place(a) - place(b);
}
