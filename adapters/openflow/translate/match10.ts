import {
  type FieldMatch,
  type FieldName,
  fieldOf,
  type FlowMatch,
  isExact,
} from '../../../engine/model/match.ts';
import { type Match10, Wildcard10 } from '../../../protocols/openflow/codec/match.ts';
import type { Dialect } from './dialect.ts';
import { Untranslatable, versionName } from './refused.ts';

/** OFP_VLAN_NONE: the packet has no tag (1.0.0, section 5.2.3). */
const UNTAGGED = 0xffff;
const IPV4 = 0x0800;
const ARP = 0x0806;

/** Fields of the fixed match. */
const PLAIN = new Set<FieldName>([
  'eth_src',
  'eth_dst',
  'vlan_tpid',
  'vlan_vid',
  'vlan_pcp',
  'eth_type',
  'ip_tos',
  'ip_proto',
  'ipv4_src',
  'ipv4_dst',
  'ip_frag',
  'tcp_src',
  'tcp_dst',
  'udp_src',
  'udp_dst',
  'icmp_type',
  'icmp_code',
  'arp_op',
  'arp_spa',
  'arp_tpa',
]);

/**
 * A flow's match as OpenFlow 1.0's fixed struct: IPv4 and ARP, addresses by prefix, all other
 * fields exact or ignored.
 *
 * @throws Untranslatable
 */
export function match10(match: FlowMatch, inPort: number, dialect: Dialect): Match10 {
  const unsupported = match.fields.find((f) => !PLAIN.has(f.field));
  if (unsupported !== undefined)
    throw untranslatable(unsupported.field, 'it has no such field', dialect);
  const frag = fieldOf(match, 'ip_frag');
  if (frag !== undefined && (!isExact(frag) || frag.value[0] !== 0)) {
    throw untranslatable('ip_frag', 'it has no such field', dialect);
  }
  const etherType = exact(match, 'eth_type', dialect);
  const hasIp = ['ipv4_src', 'ipv4_dst', 'ip_tos', 'ip_proto'].some((n) =>
    match.fields.some((f) => f.field === n),
  );
  if (hasIp && etherType !== IPV4)
    throw untranslatable('eth_type', 'it has IP fields for IPv4 only', dialect);
  let wildcards = 0;
  const value = (wildcard: number, found: number | undefined): number => {
    if (found === undefined) wildcards |= wildcard;
    return found ?? 0;
  };
  const tagged = fieldOf(match, 'vlan_tpid') !== undefined;
  if (tagged && fieldOf(match, 'vlan_vid') === undefined) {
    throw untranslatable(
      'vlan_vid',
      'OpenFlow 1.0 cannot match on the presence of a tag alone',
      dialect,
    );
  }
  const source = prefix(fieldOf(match, 'ipv4_src') ?? fieldOf(match, 'arp_spa'), dialect);
  const target = prefix(fieldOf(match, 'ipv4_dst') ?? fieldOf(match, 'arp_tpa'), dialect);
  const result = {
    kind: 'of10',
    inPort,
    ethSrc: mac(match, 'eth_src', dialect) ?? new Uint8Array(6),
    ethDst: mac(match, 'eth_dst', dialect) ?? new Uint8Array(6),
    vlanVid: tagged ? value(Wildcard10.vlanVid, exact(match, 'vlan_vid', dialect)) : UNTAGGED,
    vlanPcp: value(Wildcard10.vlanPcp, tagged ? exact(match, 'vlan_pcp', dialect) : undefined),
    ethType: value(Wildcard10.ethType, etherType),
    ipTos: value(Wildcard10.ipTos, dscp(match, dialect)),
    ipProto: value(
      Wildcard10.ipProto,
      exact(match, 'ip_proto', dialect) ?? arpOperation(match, etherType, dialect),
    ),
    ipSrc: source.address,
    ipDst: target.address,
    tpSrc: value(Wildcard10.tpSrc, transport(match, ['tcp_src', 'udp_src', 'icmp_type'], dialect)),
    tpDst: value(Wildcard10.tpDst, transport(match, ['tcp_dst', 'udp_dst', 'icmp_code'], dialect)),
  } as const;
  if (fieldOf(match, 'eth_src') === undefined) wildcards |= Wildcard10.ethSrc;
  if (fieldOf(match, 'eth_dst') === undefined) wildcards |= Wildcard10.ethDst;
  wildcards |= source.ignored << Wildcard10.ipSrcShift;
  wildcards |= target.ignored << Wildcard10.ipDstShift;
  return { ...result, wildcards };
}

function exact(match: FlowMatch, field: FieldName, dialect: Dialect): number | undefined {
  const f = fieldOf(match, field);
  if (f === undefined) return undefined;
  if (!isExact(f)) throw untranslatable(field, 'it cannot be masked', dialect);
  return number(f.value);
}

function mac(match: FlowMatch, field: FieldName, dialect: Dialect): Uint8Array | undefined {
  const f = fieldOf(match, field);
  if (f !== undefined && !isExact(f)) throw untranslatable(field, 'it cannot be masked', dialect);
  return f?.value;
}

function transport(
  match: FlowMatch,
  fields: readonly FieldName[],
  dialect: Dialect,
): number | undefined {
  const field = fields.find((name) => fieldOf(match, name) !== undefined);
  return field === undefined ? undefined : exact(match, field, dialect);
}

function arpOperation(
  match: FlowMatch,
  etherType: number | undefined,
  dialect: Dialect,
): number | undefined {
  if (etherType !== ARP) return undefined;
  const operation = exact(match, 'arp_op', dialect);
  if (operation !== undefined && operation > 255) {
    throw untranslatable('arp_op', 'it has only the low byte', dialect);
  }
  return operation;
}

function dscp(match: FlowMatch, dialect: Dialect): number | undefined {
  const tos = fieldOf(match, 'ip_tos');
  if (tos === undefined) return undefined;
  if (tos.mask[0] !== 0xfc)
    throw untranslatable('ip_tos', 'it has only the whole DSCP, and no ECN', dialect);
  return tos.value[0];
}

function prefix(
  f: FieldMatch | undefined,
  dialect: Dialect,
): { readonly address: number; readonly ignored: number } {
  if (f === undefined) return { address: 0, ignored: 32 };
  const mask = number(f.mask);
  const ignored = Math.log2(2 ** 32 - mask);
  if (!Number.isInteger(ignored))
    throw untranslatable(f.field, 'its mask is not a prefix', dialect);
  return { address: number(f.value), ignored };
}

function untranslatable(field: FieldName, why: string, { version }: Dialect): Untranslatable {
  return new Untranslatable(
    'unsupported-match',
    `${field} cannot be expressed in ${versionName(version)}: ${why}`,
  );
}

function number(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}
