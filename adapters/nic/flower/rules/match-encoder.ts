import {
  FIELD_BITS,
  type FieldMatch,
  type FieldName,
  type FlowMatch,
  fieldOf,
  hasAllBits,
} from '../../../../engine/model/match.ts';
import { tunnelName } from '../../../../engine/model/tunnel.ts';
import { encodeAttribute } from '../../../../protocols/netlink/attributes.ts';
import { FLOWER, FLOWER_KEY_FLAGS } from '../../../../protocols/netlink/tc/flower-table.ts';
import { exactNumber } from '../../core/match-codec.ts';
import { ETH, type FlowHeaders, headersOf, IP_FRAG, IP_PROTO, isIp } from './headers.ts';
import { MATCH_KEYS } from './match-keys.ts';
import { encodeTunnelMatch, encodeTunnelMatchForNic } from './tunnel-match.ts';

/** A match as `flower` has it. */
export interface EncodedMatch {
  readonly headers: FlowHeaders;
  /** Ethertype of the filter: that of the packet before any VLAN tag is removed. */
  readonly protocol: number;
  /** Options of the filter. */
  readonly keys: readonly Buffer[];
  /** Bytes of the options of Geneve that each packet has; 0 without a tunnel. */
  readonly optionBytes: number;
}

/** Fields that {@link readTags} and {@link readFragments} translate. */
const HANDLED: ReadonlySet<FieldName> = new Set([
  'eth_type',
  'vlan_tpid',
  'vlan_vid',
  'vlan_pcp',
  'cvlan_tpid',
  'cvlan_vid',
  'cvlan_pcp',
  'ip_frag',
  'arp_op',
]);

/**
 * Translates a match; returns why `flower` cannot match exactly these packets. The input port is
 * the device of the filter.
 *
 * @param isInSoftware true if the kernel carries out the rules, which sees tunnels by their devices
 */
export function encodeMatch(match: FlowMatch, isInSoftware: boolean): EncodedMatch | string {
  // The outer headers of a device that is no tunnel device cannot be matched.
  if (match.tunnel !== undefined) return `flower cannot match ${tunnelName(match.tunnel)} here`;
  const headers = headersOf(match);
  const keys: Buffer[] = [];
  let optionBytes = 0;
  for (const { name, text } of match.opaque) {
    if (name !== 'tunnel') return `the condition ${name} cannot be matched: ${text}`;
    const tunnel = isInSoftware
      ? encodeTunnelMatch(text)
      : encodeTunnelMatchForNic(text, match.inPort);
    if (typeof tunnel === 'string') return tunnel;
    keys.push(...tunnel.keys);
    ({ optionBytes } = tunnel);
  }
  if (typeof headers === 'string') return headers;
  const problem =
    encodeTags(match, headers, keys) ??
    encodeFragments(match, headers, keys) ??
    encodeArpOperation(match, keys) ??
    encodeFields(match, headers, keys) ??
    unreadHeader(match, headers);
  if (problem !== undefined) return problem;
  return { headers, protocol: headers.tags[0] ?? headers.ethType, keys, optionBytes };
}

/** A field with the number of a row's attribute. */
type NumberRow = { of(value: number): Buffer };

const TAG_ROWS: readonly {
  readonly vid: FieldName;
  readonly pcp: FieldName;
  readonly id: NumberRow;
  readonly priority: NumberRow;
  readonly next: NumberRow;
}[] = [
  {
    vid: 'vlan_vid',
    pcp: 'vlan_pcp',
    id: FLOWER.vlanId,
    priority: FLOWER.vlanPriority,
    next: FLOWER.vlanEthType,
  },
  {
    vid: 'cvlan_vid',
    pcp: 'cvlan_pcp',
    id: FLOWER.cvlanId,
    priority: FLOWER.cvlanPriority,
    next: FLOWER.cvlanEthType,
  },
];

/** Ethertypes and VLAN tags. `flower` compares the whole id and the whole priority of a tag. */
function encodeTags(match: FlowMatch, headers: FlowHeaders, keys: Buffer[]): string | undefined {
  const { tags, ethType } = headers;
  keys.push(FLOWER.ethType.of(tags[0] ?? ethType));
  for (const depth of tags.keys()) {
    const { vid, pcp, id, priority, next } = TAG_ROWS[depth];
    for (const [field, row] of [
      [vid, id],
      [pcp, priority],
    ] as const) {
      if (fieldOf(match, field) === undefined) continue;
      const value = exactNumber(match, field);
      if (value === undefined) return partly(field);
      keys.push(row.of(value));
    }
    keys.push(next.of(tags[depth + 1] ?? ethType));
  }
  return undefined;
}

function encodeFragments(
  match: FlowMatch,
  headers: FlowHeaders,
  keys: Buffer[],
): string | undefined {
  const { ethType, ipFrag, ipProto } = headers;
  if (fieldOf(match, 'ip_frag') !== undefined) {
    if (!isIp(headers)) return 'ip_frag is matched, but not the ethertype it belongs to';
    if (ipFrag === undefined) return partly('ip_frag');
    const { isFragment, isFirstFragment } = FLOWER_KEY_FLAGS;
    const flags =
      ipFrag === IP_FRAG.no
        ? 0
        : ipFrag === IP_FRAG.first
          ? isFragment | isFirstFragment
          : isFragment;
    keys.push(
      FLOWER.flags.of(flags),
      FLOWER.flagsMask.of(ipFrag === IP_FRAG.no ? isFragment : isFragment | isFirstFragment),
    );
  }
  if (ethType !== ETH.ipv6) return undefined;
  // The vSwitch has another protocol for later fragments (44) than flower (that of the payload).
  if (ipProto === IP_PROTO.fragment || (ipFrag !== undefined && ipFrag !== IP_FRAG.no)) {
    return 'the packets are fragments of IPv6';
  }
  if (ipFrag === undefined && fieldOf(match, 'ip_proto') !== undefined) {
    return 'the protocol of IPv6 is matched, and fragments are not excluded';
  }
  return undefined;
}

/**
 * `flower` reads only requests and replies for IPv4 over Ethernet; of any other ARP packet it sees
 * zeros, which the vSwitch does not.
 */
function encodeArpOperation(match: FlowMatch, keys: Buffer[]): string | undefined {
  const operation = fieldOf(match, 'arp_op');
  if (operation === undefined) return undefined;
  const { value, mask } = operation;
  // The vSwitch has 0 for operations above 255, so the upper byte is zero.
  if (value[0] !== 0 || (value[1] !== 1 && value[1] !== 2)) {
    return 'ARP packets other than requests and replies are matched';
  }
  keys.push(FLOWER.arpOp.of(value[1]), FLOWER.arpOpMask.of(mask[1]));
  return undefined;
}

function encodeFields(match: FlowMatch, headers: FlowHeaders, keys: Buffer[]): string | undefined {
  for (const f of match.fields) {
    if (HANDLED.has(f.field)) continue;
    const problem = encodeField(f, headers, keys);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function encodeField(f: FieldMatch, headers: FlowHeaders, keys: Buffer[]): string | undefined {
  const { field, value, mask } = f;
  const key = MATCH_KEYS[field];
  if (key === undefined) return `${field} is matched, which flower does not read`;
  if (key.ethTypes !== undefined && !key.ethTypes.includes(headers.ethType)) {
    return `${field} is matched, but not the ethertype it belongs to`;
  }
  if (key.ipProto !== undefined && headers.ipProto !== key.ipProto) {
    return `${field} is matched, but not IP protocol ${key.ipProto}`;
  }
  keys.push(encodeAttribute(key.value, Buffer.from(value)));
  if (key.mask !== undefined) keys.push(encodeAttribute(key.mask, Buffer.from(mask)));
  else if (!hasAllBits(mask, FIELD_BITS[field])) return partly(field);
  return undefined;
}

/**
 * Why fields are matched in headers that `flower` does not read in all packets of the flow; their
 * fields are zero for it. A match on a value other than zero excludes these packets.
 */
function unreadHeader(match: FlowMatch, headers: FlowHeaders): string | undefined {
  const isArp = headers.ethType === ETH.arp;
  const inHeader = match.fields.filter(({ field }) =>
    isArp ? field.startsWith('arp_') : MATCH_KEYS[field]?.ipProto !== undefined,
  );
  if (inHeader.length === 0) return undefined;
  const excludesZeros = inHeader.some(({ value }) => value.some((byte) => byte !== 0));
  if (isArp) {
    return excludesZeros ? undefined : 'fields of ARP are matched as zero, but no operation';
  }
  if (headers.ipFrag === IP_FRAG.no) return undefined;
  if (headers.ipFrag !== undefined) return 'flower does not read the L4 headers of fragments';
  return excludesZeros
    ? undefined
    : 'L4 fields are matched as zero, and fragments are not excluded';
}

function partly(field: FieldName): string {
  return `a part of ${field} is matched, and flower compares the whole field`;
}
