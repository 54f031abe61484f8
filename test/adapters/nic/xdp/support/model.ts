import type { FlowActions } from '../../../../../engine/model/action.ts';
import type { FieldName, FlowMatch } from '../../../../../engine/model/match.ts';
import { checksum } from '../../../../../lab/testbed/frames.ts';
import { numberBytes } from '../../../../support/match-fields.ts';
import { isTupleField, setTuple } from './tuple-model.ts';

/** The fields of a packet, by name. */
export type Fields = ReadonlyMap<FieldName, Uint8Array>;

const VLAN = [0x8100, 0x88a8];

/** What the program sees of a packet. */
export interface Seen {
  readonly fields: Fields;
  /** Whether every checksum in it is known to be final, so that it may be redirected. */
  readonly finished: boolean;
  /** Behind IPv6 extension headers, where addresses and ports are not rewritten. */
  readonly isBehindExtensions: boolean;
}

/**
 * A second, independent description of what the program does: what it sees of a packet, or
 * undefined when it has to go to the vSwitch.
 */
export function seenOf(packet: Buffer): Seen | undefined {
  const fields = new Map<FieldName, Uint8Array>();
  const number = (name: FieldName, value: number) => fields.set(name, numberBytes(name, value));
  if (packet.length < 14) return undefined;
  fields.set('eth_dst', packet.subarray(0, 6));
  fields.set('eth_src', packet.subarray(6, 12));
  let at = 12;
  if (VLAN.includes(packet.readUInt16BE(at))) {
    if (packet.length < 18) return undefined;
    const tci = packet.readUInt16BE(14);
    number('vlan_tpid', packet.readUInt16BE(12));
    number('vlan_vid', tci & 0xfff);
    number('vlan_pcp', tci >> 13);
    at = 16;
  }
  const type = packet.readUInt16BE(at);
  if (VLAN.includes(type) || type < 0x600) return undefined;
  number('eth_type', type);
  const l3 = packet.subarray(at + 2);
  const outcome: Outcome =
    type === 0x0800
      ? ipv4(l3, fields, number)
      : type === 0x86dd
        ? ipv6(l3, fields, number)
        : type === 0x0806
          ? arp(l3, fields, number)
          : 'unfinished';
  if (outcome === 'vswitch') return undefined;
  const isBehindExtensions = type === 0x86dd && l3[6] !== fields.get('ip_proto')?.[0];
  return { fields, finished: outcome === 'finished', isBehindExtensions };
}

/** What a header leads to: the vSwitch, or fields, and whether checksums are final. */
type Outcome = 'vswitch' | 'finished' | 'unfinished';

type SetNumber = (name: FieldName, value: number) => unknown;
type FieldMap = Map<FieldName, Uint8Array>;

function arp(p: Buffer, fields: FieldMap, number: SetNumber): Outcome {
  if (p.length < 28 || p.subarray(0, 6).toString('hex') !== '000108000604') return 'vswitch';
  if (p.readUInt16BE(6) > 255) return 'vswitch';
  number('arp_op', p.readUInt16BE(6));
  fields.set('arp_sha', p.subarray(8, 14));
  fields.set('arp_spa', p.subarray(14, 18));
  fields.set('arp_tha', p.subarray(18, 24));
  fields.set('arp_tpa', p.subarray(24, 28));
  return 'finished';
}

function ipv4(p: Buffer, fields: FieldMap, number: SetNumber): Outcome {
  if (p.length < 20 || p[0] >> 4 !== 4) return 'vswitch';
  const header = (p[0] & 15) * 4;
  const total = p.readUInt16BE(2);
  if (header < 20 || total < header || total > p.length || p.length - total > 255) return 'vswitch';
  number('ip_tos', p[1]);
  number('ip_ttl', p[8]);
  number('ip_proto', p[9]);
  fields.set('ipv4_src', p.subarray(12, 16));
  fields.set('ipv4_dst', p.subarray(16, 20));
  const fragment = p.readUInt16BE(6);
  const later = (fragment & 0x1fff) !== 0;
  number('ip_frag', later ? 2 : (fragment & 0x2000) === 0 ? 0 : 1);
  if (later) return 'finished';
  const kind = (fragment & 0x2000) !== 0 ? 'fragment' : header === 20 ? 'plain' : 'options';
  return l4(
    { p: p.subarray(header, total), proto: p[9], addresses: p.subarray(12, 20), kind },
    number,
  );
}

function ipv6(p: Buffer, fields: FieldMap, number: SetNumber): Outcome {
  if (p.length < 40 || p[0] >> 4 !== 6) return 'vswitch';
  const length = p.readUInt16BE(4);
  if (40 + length > p.length || p.length - 40 - length > 255) return 'vswitch';
  number('ip_tos', (p.readUInt16BE(0) >> 4) & 0xff);
  number('ip_ttl', p[7]);
  fields.set('ipv6_src', p.subarray(8, 24));
  fields.set('ipv6_dst', p.subarray(24, 40));
  let rest = p.subarray(40, 40 + length);
  let next = p[6];
  let frag = 0;
  const outer = next;
  for (let headers = 0; [0, 43, 44, 60, 51].includes(next); headers++) {
    if (next === 51 || headers === 4 || rest.length < 8) return 'vswitch';
    if (next === 44) {
      const fragment = rest.readUInt16BE(2);
      if ((fragment & 0xfff8) !== 0) {
        number('ip_frag', 2);
        number('ip_proto', 44);
        return 'finished';
      }
      if (fragment !== 0) frag = 1;
    }
    const size = next === 44 ? 8 : (rest[1] + 1) * 8;
    if (size > rest.length || p.length - rest.length + size > 1100) return 'vswitch';
    next = rest[0];
    rest = rest.subarray(size);
  }
  number('ip_frag', frag);
  number('ip_proto', next);
  const kind = frag === 1 ? 'fragment' : next === outer ? 'plain' : 'options';
  return l4({ p: rest, proto: next, addresses: p.subarray(8, 40), kind }, number);
}

/** The segment and its pseudo header add up: no checksum in it, or inside it, is missing. */
function addsUp(p: Buffer, proto: number, addresses: Buffer): boolean {
  return p.length <= 2048 && checksum(Buffer.concat([pseudoHeader(p, proto, addresses), p])) === 0;
}

/** The checksum is that of the pseudo header alone: the sender left the rest to its device. */
function isUnfinished(p: Buffer, at: number, proto: number, addresses: Buffer): boolean {
  const pseudo = pseudoHeader(p, proto, addresses);
  const isPseudo = p.readUInt16BE(at) === (~checksum(pseudo) & 0xffff);
  return isPseudo && !addsUp(p, proto, addresses);
}

function pseudoHeader(p: Buffer, proto: number, addresses: Buffer): Buffer {
  return Buffer.concat([addresses, Buffer.from([p.length >> 8, p.length & 255, 0, proto])]);
}

/** A transport segment, and what is around it. */
interface Segment {
  readonly p: Buffer;
  readonly proto: number;
  readonly addresses: Buffer;
  /** `options`: behind IPv4 options or IPv6 extension headers, which may hold the real destination. */
  readonly kind: 'plain' | 'options' | 'fragment';
}

/** Whether every checksum is known to be final: of the segment, and of packets inside it. */
function isFinished({ p, proto, addresses, kind }: Segment): boolean {
  if (kind === 'fragment') return true;
  if (proto === 6) return kind === 'plain' && !isUnfinished(p, 16, proto, addresses);
  if (proto === 58) return kind === 'plain' && !isUnfinished(p, 2, proto, addresses);
  if (proto === 17) return p.readUInt16BE(6) !== 0 && addsUp(p, proto, addresses);
  if (proto === 132) return p.readUInt32BE(8) !== 0;
  return proto === 1 && p.readUInt16BE(2) !== 0;
}

/** Header bytes that must be there. */
const MIN_LENGTH = new Map([
  [6, 20],
  [17, 8],
  [132, 12],
  [1, 8],
  [58, 8],
]);

function l4(segment: Segment, number: SetNumber): Outcome {
  const { p, proto, addresses } = segment;
  const v6 = addresses.length === 32;
  if (p.length < (MIN_LENGTH.get(proto) ?? 0)) return 'vswitch';
  if (proto === 6 && (p[12] >> 4 < 5 || (p[12] >> 4) * 4 > p.length)) return 'vswitch';
  if (proto === 6) {
    number('tcp_src', p.readUInt16BE(0));
    number('tcp_dst', p.readUInt16BE(2));
    number('tcp_flags', p.readUInt16BE(12) & 0xfff);
  } else if (proto === 17 || proto === 132) {
    number(proto === 17 ? 'udp_src' : 'sctp_src', p.readUInt16BE(0));
    number(proto === 17 ? 'udp_dst' : 'sctp_dst', p.readUInt16BE(2));
  } else if ((proto === 1 && !v6) || (proto === 58 && v6)) {
    // The other version's ICMP is a protocol like any other: nothing in it is matched.
    number(v6 ? 'icmpv6_type' : 'icmp_type', p[0]);
    number(v6 ? 'icmpv6_code' : 'icmp_code', p[1]);
  }
  return isFinished(segment) ? 'finished' : 'unfinished';
}

/** Whether a packet with these fields belongs to the flow. */
export function matches(match: FlowMatch, fields: Fields): boolean {
  if (fields.has('vlan_tpid') && !match.fields.some((f) => f.field === 'vlan_tpid')) return false;
  return match.fields.every((f) => {
    const has = fields.get(f.field);
    return has !== undefined && f.value.every((byte, i) => ((has[i] ^ byte) & f.mask[i]) === 0);
  });
}

/** The packet after the actions, up to the output. */
export function performed(packet: Buffer, actions: FlowActions): Buffer {
  let now: Buffer = Buffer.from(packet);
  for (const action of actions) {
    if (action.kind === 'pop-vlan') {
      now = Buffer.concat([now.subarray(0, 12), now.subarray(16)]);
    } else if (action.kind === 'push-vlan') {
      const tag = Buffer.alloc(4);
      tag.writeUInt16BE(action.tpid, 0);
      tag.writeUInt16BE((action.pcp << 13) | action.vid, 2);
      now = Buffer.concat([now.subarray(0, 12), tag, now.subarray(12)]);
    } else if (action.kind === 'set') {
      set(now, action.field, action.value, action.mask);
    }
  }
  return now;
}

function set(p: Buffer, field: FieldName, value: Uint8Array, mask: Uint8Array): void {
  const overwrite = (at: number) => {
    value.forEach((byte, i) => (p[at + i] = (p[at + i] & ~mask[i]) | (byte & mask[i])));
  };
  if (field === 'eth_dst') return overwrite(0);
  if (field === 'eth_src') return overwrite(6);
  let l3 = 14;
  while (VLAN.includes(p.readUInt16BE(l3 - 2))) l3 += 4;
  if (isTupleField(field)) return setTuple(p.subarray(l3), field, value, mask);
  if (p.readUInt16BE(l3 - 2) === 0x0800) {
    const before = p[l3 + (field === 'ip_ttl' ? 8 : 1)];
    overwrite(l3 + (field === 'ip_ttl' ? 8 : 1));
    // A header whose checksum was right is right again; a wrong one is off by as much as before.
    const old = field === 'ip_ttl' ? before << 8 : before;
    const now = field === 'ip_ttl' ? p[l3 + 8] << 8 : p[l3 + 1];
    if (old === now) return undefined;
    const words = Buffer.alloc(6);
    words.writeUInt16BE(~p.readUInt16BE(l3 + 10) & 0xffff, 0);
    words.writeUInt16BE(~old & 0xffff, 2);
    words.writeUInt16BE(now, 4);
    p.writeUInt16BE(checksum(words), l3 + 10);
    return undefined;
  }
  if (field === 'ip_ttl') return overwrite(l3 + 7);
  const first = p.readUInt16BE(l3);
  const tos = (((first >> 4) & 0xff & ~mask[0]) | (value[0] & mask[0])) & 0xff;
  p.writeUInt16BE((first & 0xf00f) | (tos << 4), l3);
  return undefined;
}
