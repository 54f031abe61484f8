import type { FlowActions } from '../../../../../engine/model/action.ts';
import { type FieldName, fieldOf, type FlowMatch } from '../../../../../engine/model/match.ts';
import { checksum } from '../../../../../lab/testbed/frames.ts';

const TUPLE = ['ipv4_src', 'ipv4_dst', 'ipv6_src', 'ipv6_dst', 'tcp_src', 'tcp_dst', 'udp_src'];

/** Whether a field is one of those that identify a connection. */
export function isTupleField(field: FieldName): boolean {
  return TUPLE.includes(field) || field === 'udp_dst';
}

/** Whether the actions change addresses or ports in some packet of the flow. */
export function rewritesTuple(match: FlowMatch, actions: FlowActions): boolean {
  const masks = new Map<FieldName, { value: Uint8Array; mask: Uint8Array }>();
  for (const action of actions) {
    if (action.kind !== 'set' || !isTupleField(action.field)) continue;
    const last = masks.get(action.field);
    const mask = action.mask.map((bits, i) => bits | (last?.mask[i] ?? 0));
    const value = action.value.map(
      (byte, i) => (byte & action.mask[i]) | ((last?.value[i] ?? 0) & ~action.mask[i]),
    );
    masks.set(action.field, { value, mask });
  }
  return [...masks].some(([field, { value, mask }]) => {
    const matched = fieldOf(match, field);
    return mask.some((bits, i) => {
      const known = matched?.mask[i] ?? 0;
      return (bits & ~known) !== 0 || ((value[i] ^ (matched?.value[i] ?? 0)) & bits) !== 0;
    });
  });
}

/** Where addresses are in the IP header. */
const ADDRESS_AT: ReadonlyMap<FieldName, number> = new Map([
  ['ipv4_src', 12],
  ['ipv4_dst', 16],
  ['ipv6_src', 8],
  ['ipv6_dst', 24],
]);

/** Where the transport checksum is in a segment. */
const CHECKSUM_AT = new Map([
  [6, 16],
  [17, 6],
]);

/**
 * Rewrites an address or a port of an IP packet without extension headers, as Open vSwitch does
 * (lib/packets.c): checksums that are right stay right, wrong ones stay as wrong.
 */
export function setTuple(p: Buffer, field: FieldName, value: Uint8Array, mask: Uint8Array): void {
  const isIpv4 = p[0] >> 4 === 4;
  const proto = isIpv4 ? p[9] : p[6];
  const l4 = isIpv4 ? (p[0] & 15) * 4 : 40;
  const at = placeOf(field, l4);
  const old = Buffer.from(p.subarray(at, at + value.length));
  const now = Buffer.from(old.map((byte, i) => (byte & ~mask[i]) | (value[i] & mask[i])));
  if (now.equals(old)) return;
  now.copy(p, at);
  if (at < l4 && isIpv4) adjust(p, 10, old, now);
  const segmentAt = !isIpv4 && proto === 58 ? 2 : CHECKSUM_AT.get(proto);
  if (segmentAt === undefined) return;
  const isUdp = proto === 17;
  if (isUdp && p.readUInt16BE(l4 + segmentAt) === 0) return;
  adjust(p, l4 + segmentAt, old, now);
  if (isUdp && p.readUInt16BE(l4 + segmentAt) === 0) p.writeUInt16BE(0xffff, l4 + segmentAt);
}

function placeOf(field: FieldName, l4: number): number {
  return ADDRESS_AT.get(field) ?? (field.endsWith('_src') ? l4 : l4 + 2);
}

/** RFC 1624: the sum of the complement of the checksum, of the old bytes, and of the new bytes. */
function adjust(p: Buffer, at: number, old: Buffer, now: Buffer): void {
  const complement = Buffer.from([...p.subarray(at, at + 2), ...old].map((byte) => ~byte & 0xff));
  p.writeUInt16BE(checksum(Buffer.concat([complement, now])), at);
}
