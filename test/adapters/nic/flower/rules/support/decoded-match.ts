import assert from 'node:assert/strict';
import {
  type FieldMatch,
  type FieldName,
  FIELD_BITS,
  exactMask,
  fieldBytes,
} from '../../../../../../engine/model/match.ts';
import { attributesIn } from '../../../../../../protocols/netlink/attributes.ts';

/** Numbers in `TCA_FLOWER_*` of the value and the mask of fields that are bytes of the wire. */
const PLAIN: readonly (readonly [FieldName, value: number, mask: number])[] = [
  ['eth_dst', 4, 5],
  ['eth_src', 6, 7],
  ['ipv4_src', 10, 11],
  ['ipv4_dst', 12, 13],
  ['ipv6_src', 14, 15],
  ['ipv6_dst', 16, 17],
  ['tcp_src', 18, 35],
  ['tcp_dst', 19, 36],
  ['udp_src', 20, 37],
  ['udp_dst', 21, 38],
  ['sctp_src', 41, 39],
  ['sctp_dst', 42, 40],
  ['icmp_code', 49, 50],
  ['icmp_type', 51, 52],
  ['icmpv6_code', 53, 54],
  ['icmpv6_type', 55, 56],
  ['arp_spa', 57, 58],
  ['arp_tpa', 59, 60],
  ['arp_sha', 63, 64],
  ['arp_tha', 65, 66],
  ['tcp_flags', 71, 72],
  ['ip_tos', 73, 74],
  ['ip_ttl', 75, 76],
];
const ETH_TYPE = 8;
const IP_PROTO = 9;
const FLAGS = 47;
const FLAGS_MASK = 48;
const ARP_OP = 61;
const ARP_OP_MASK = 62;
const TAGS = [
  { id: 23, priority: 24, next: 25, fields: ['vlan_tpid', 'vlan_vid', 'vlan_pcp'] },
  { id: 77, priority: 78, next: 79, fields: ['cvlan_tpid', 'cvlan_vid', 'cvlan_pcp'] },
] as const;
const VLANS = [0x8100, 0x88a8];

/**
 * The fields that a filter matches, in catalogue order: what `fl_set_key` in the kernel's
 * net/sched/cls_flower.c reads.
 */
export function decodedFields(keys: readonly Buffer[]): readonly FieldMatch[] {
  const attributes = new Map(
    attributesIn(Buffer.concat(keys)).map(({ type, value }) => [type, value]),
  );
  const take = (number: number): Buffer | undefined => {
    const found = attributes.get(number);
    attributes.delete(number);
    return found;
  };
  const found = new Map<FieldName, FieldMatch>();
  const add = (field: FieldName, value: Uint8Array, mask: Uint8Array = exactMask(field)): void => {
    found.set(field, { field, value: new Uint8Array(value), mask: new Uint8Array(mask) });
  };
  const exactly = (field: FieldName, value: number): void => {
    const bytes = Buffer.alloc(fieldBytes(field));
    bytes.writeUIntBE(value, 0, bytes.length);
    add(field, bytes);
  };

  for (const [field, value, mask] of PLAIN) {
    const bytes = take(value);
    if (bytes !== undefined) add(field, bytes, take(mask));
  }
  let type = take(ETH_TYPE)?.readUInt16BE();
  assert(type !== undefined);
  for (const { id, priority, next, fields } of TAGS) {
    const behind = take(next)?.readUInt16BE();
    if (behind === undefined) continue;
    assert(VLANS.includes(type), 'a tag without its TPID');
    exactly(fields[0], type);
    // In the order of the machine, unlike the header's comment says.
    const vid = take(id)?.readUInt16LE();
    if (vid !== undefined) exactly(fields[1], vid);
    const pcp = take(priority)?.readUInt8();
    if (pcp !== undefined) exactly(fields[2], pcp);
    type = behind;
  }
  exactly('eth_type', type);
  const proto = take(IP_PROTO)?.readUInt8();
  if (proto !== undefined) exactly('ip_proto', proto);
  const flags = take(FLAGS)?.readUInt32BE();
  const flagsMask = take(FLAGS_MASK)?.readUInt32BE();
  if (flags !== undefined) exactly('ip_frag', fragment(flags, flagsMask));
  const operation = take(ARP_OP);
  if (operation !== undefined) {
    const mask = take(ARP_OP_MASK);
    assert(mask !== undefined);
    // The upper byte is zero in all packets that flower reads.
    add('arp_op', Buffer.from([0, operation[0]]), Buffer.from([0xff, mask[0]]));
  }
  assert.deepEqual([...attributes.keys()], [], 'attributes that are not read');
  return Object.keys(FIELD_BITS).flatMap((name) =>
    [...found.values()].filter(({ field }) => field === name),
  );
}

/** Bit 0: a fragment; bit 1: the first one. */
function fragment(flags: number, mask: number | undefined): number {
  if (mask === 1 && flags === 0) return 0;
  assert.equal(mask, 3);
  if (flags === 3) return 1;
  assert.equal(flags, 1);
  return 2;
}
