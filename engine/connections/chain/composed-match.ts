import type { PacketHeaders } from '../../model/connection.ts';
import { exactMask, FIELD_BITS, type FieldMatch, type FieldName } from '../../model/match.ts';
import type { FlowMatch, TunnelMatch } from '../../model/match.ts';
import type { OuterHeaders } from './outer-headers.ts';
import type { TravellingPacket } from './travelling-packet.ts';

/** Headers that tell connections apart, and those that say what a packet is. */
const ALWAYS: ReadonlySet<FieldName> = new Set<FieldName>([
  'vlan_tpid',
  'vlan_vid',
  'eth_type',
  'ipv4_src',
  'ipv4_dst',
  'ipv6_src',
  'ipv6_dst',
  'ip_proto',
  'ip_frag',
  'tcp_src',
  'tcp_dst',
  'udp_src',
  'udp_dst',
]);

/** Headers with the same value in all packets of a connection: exact when any bit is looked at. */
const WHOLE: ReadonlySet<FieldName> = new Set<FieldName>(['eth_src', 'eth_dst']);

/** FIN, SYN and RST: such packets always go to the vSwitch. */
export const OPENING_OR_CLOSING = Uint8Array.of(0, 0x07);

const FIELDS: readonly FieldName[] = Object.keys(FIELD_BITS).filter(isFieldName);

function isFieldName(name: string): name is FieldName {
  return Object.hasOwn(FIELD_BITS, name);
}

/** Headers that say which tunnel a packet is in: exact where they are known. */
const ALWAYS_OUTER: ReadonlySet<FieldName> = new Set<FieldName>([
  'vlan_tpid',
  'vlan_vid',
  'eth_type',
  'ipv4_src',
  'ipv4_dst',
  'ipv6_src',
  'ipv6_dst',
  'ip_proto',
  'ip_frag',
  'udp_dst',
]);

/** What composed matches ask of a packet. */
type Looked = Pick<TravellingPacket, 'looked' | 'outer'>;

/**
 * The match of a connection's entry: its tuple, and what the megaflows have looked at in the packet
 * as it entered.
 */
export function composedMatch({ inPort, values }: PacketHeaders, packet: Looked): FlowMatch {
  const fields = fieldsOf(values, (field) => maskOf(field, packet.looked(field)));
  const match = { inPort, fields, opaque: [] };
  return packet.outer === undefined ? match : { ...match, tunnel: tunnelMatch(packet.outer) };
}

/** What is known of DF and the UDP checksum is in the match, although no rule can ask for it. */
function tunnelMatch({ tunnel, packet, values }: OuterHeaders): TunnelMatch {
  const fields = fieldsOf(values, (field) => {
    if (ALWAYS_OUTER.has(field)) return exactMask(field);
    const looked = packet.looked(field);
    return looked !== undefined && WHOLE.has(field) ? exactMask(field) : looked;
  });
  const { kind, vni, options, doNotFragment, hasChecksum } = tunnel;
  return {
    kind,
    fields,
    vni,
    options,
    ...(doNotFragment === undefined ? {} : { doNotFragment }),
    ...(hasChecksum === undefined ? {} : { hasChecksum }),
  };
}

function fieldsOf(
  values: PacketHeaders['values'],
  maskOf: (field: FieldName) => Uint8Array | undefined,
): readonly FieldMatch[] {
  return FIELDS.flatMap((field): FieldMatch[] => {
    const value = values[field];
    const mask = value && maskOf(field);
    if (value === undefined || mask === undefined) return [];
    return [{ field, value: value.map((byte, i) => byte & mask[i]), mask }];
  });
}

function maskOf(field: FieldName, looked: Uint8Array | undefined): Uint8Array | undefined {
  if (ALWAYS.has(field)) return exactMask(field);
  if (field === 'tcp_flags') return OPENING_OR_CLOSING.map((bits, i) => bits | (looked?.[i] ?? 0));
  return looked !== undefined && WHOLE.has(field) ? exactMask(field) : looked;
}
