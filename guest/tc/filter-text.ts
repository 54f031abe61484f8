import {
  type GuestRule,
  RULE_FIELD_BITS,
  type RuleField,
  type RuleFieldName,
} from '../../protocols/guest-channel/codec/rule.ts';

/** A rule in the language of tc(8), or why tc cannot express it. */
export type FilterText =
  | { readonly ok: true; readonly protocol: FilterProtocol; readonly match: string }
  | { readonly ok: false; readonly why: string };

/** Protocols of tc that the agent uses; each has a priority of its own. */
export type FilterProtocol = 'ip' | 'ipv6' | 'all';

const ETHERTYPES: ReadonlyMap<string, FilterProtocol> = new Map([
  ['0800', 'ip'],
  ['86dd', 'ipv6'],
]);

const ICMP = { icmp_type: 'type', icmp_code: 'code', icmpv6_type: 'type', icmpv6_code: 'code' };

/** The match of a rule as arguments of `flower`. */
export function filterText({ match }: GuestRule): FilterText {
  const fields = new Map(match.map((field) => [field.field, field]));
  const ethType = fields.get('eth_type');
  fields.delete('eth_type');
  const protocol = ethType === undefined ? 'all' : ETHERTYPES.get(ethType.value);
  if (ethType !== undefined && ethType.mask !== 'ffff') return refused('a masked eth_type');
  if (protocol === undefined) return refused(`eth_type 0x${ethType?.value}`);
  const words: string[] = [];
  for (const field of fields.values()) {
    const text = fieldText(field, protocol);
    if (text === undefined) return refused(`${field.field} with the mask ${field.mask}`);
    words.push(text);
  }
  // In the order of tc's parser: the protocol before what depends on it.
  words.sort((a, b) => Number(b.startsWith('ip_proto')) - Number(a.startsWith('ip_proto')));
  const missing = missingProtocol(fields, protocol);
  return missing === undefined
    ? { ok: true, protocol, match: words.join(' ') }
    : refused(`${missing} without its protocol`);
}

function refused(what: string): FilterText {
  return { ok: false, why: `the guest cannot match ${what}` };
}

/** Arguments for one field; undefined if flower cannot express its mask. */
function fieldText(
  { field, value, mask }: RuleField,
  protocol: FilterProtocol,
): string | undefined {
  const isExact = BigInt(`0x${mask}`) === (1n << BigInt(RULE_FIELD_BITS[field])) - 1n;
  const number = `0x${value}`;
  switch (field) {
    case 'eth_src':
    case 'eth_dst':
      return `${field === 'eth_src' ? 'src_mac' : 'dst_mac'} ${macText(value)}/${macText(mask)}`;
    case 'ipv4_src':
    case 'ipv4_dst':
    case 'ipv6_src':
    case 'ipv6_dst': {
      const bits = prefixBits(mask);
      const keyword = field.endsWith('src') ? 'src_ip' : 'dst_ip';
      return bits === undefined ? undefined : `${keyword} ${addressText(value)}/${bits}`;
    }
    case 'ip_proto':
      return isExact ? `ip_proto ${protocolName(Number(number), protocol)}` : undefined;
    case 'ip_tos':
    case 'ip_ttl':
      return `${field} ${number}/0x${mask}`;
    case 'ip_frag':
      return isExact ? FRAGMENT[Number(number)] : undefined;
    case 'tcp_flags':
      return `tcp_flags ${number}/0x${mask}`;
    case 'icmp_type':
    case 'icmp_code':
    case 'icmpv6_type':
    case 'icmpv6_code':
      // tc reads this mask as a decimal number.
      return `${ICMP[field]} ${Number(number)}/${Number(`0x${mask}`)}`;
    case 'tcp_src':
    case 'udp_src':
    case 'sctp_src':
      return `src_port ${Number(number)}/0x${mask}`;
    case 'tcp_dst':
    case 'udp_dst':
    case 'sctp_dst':
      return `dst_port ${Number(number)}/0x${mask}`;
    case 'eth_type':
      break;
  }
  return undefined;
}

/** By the value of `ip_frag`; 3 does not exist. */
const FRAGMENT: readonly (string | undefined)[] = [
  'ip_flags nofrag',
  'ip_flags frag/firstfrag',
  'ip_flags frag/nofirstfrag',
];

function protocolName(number: number, protocol: FilterProtocol): string {
  if (number === 1 && protocol === 'ip') return 'icmp';
  if (number === 58 && protocol === 'ipv6') return 'icmpv6';
  return { 6: 'tcp', 17: 'udp', 132: 'sctp' }[number] ?? `0x${number.toString(16)}`;
}

/** A field whose protocol the rule does not match; undefined: no such field. */
function missingProtocol(
  fields: ReadonlyMap<RuleFieldName, RuleField>,
  protocol: FilterProtocol,
): RuleFieldName | undefined {
  const ipProto = fields.get('ip_proto');
  const number = ipProto === undefined ? undefined : Number(`0x${ipProto.value}`);
  for (const field of fields.keys()) {
    const needed = NEEDS[field];
    if (needed === undefined) continue;
    const [network, transport] = needed;
    const hasNetwork = network === 'any ip' ? protocol !== 'all' : protocol === network;
    if (!hasNetwork || (transport !== undefined && transport !== number)) return field;
  }
  return undefined;
}

/** What a field needs: the network protocol, and the number of the transport protocol. */
const NEEDS: Readonly<
  Partial<Record<RuleFieldName, readonly [network: FilterProtocol | 'any ip', transport?: number]>>
> = {
  ipv4_src: ['ip'],
  ipv4_dst: ['ip'],
  ipv6_src: ['ipv6'],
  ipv6_dst: ['ipv6'],
  ip_proto: ['any ip'],
  ip_tos: ['any ip'],
  ip_ttl: ['any ip'],
  ip_frag: ['any ip'],
  tcp_src: ['any ip', 6],
  tcp_dst: ['any ip', 6],
  tcp_flags: ['any ip', 6],
  udp_src: ['any ip', 17],
  udp_dst: ['any ip', 17],
  sctp_src: ['any ip', 132],
  sctp_dst: ['any ip', 132],
  icmp_type: ['ip', 1],
  icmp_code: ['ip', 1],
  icmpv6_type: ['ipv6', 58],
  icmpv6_code: ['ipv6', 58],
};

function macText(hex: string): string {
  return hex.replaceAll(/..(?!$)/g, '$&:');
}

/** An IPv4 or IPv6 address, by its length. */
function addressText(hex: string): string {
  if (hex.length === 32) return hex.replaceAll(/....(?!$)/g, '$&:');
  return Buffer.from(hex, 'hex').join('.');
}

/** Length of a contiguous prefix; undefined: the mask is not one. */
function prefixBits(mask: string): number | undefined {
  const bits = BigInt(`0x${mask}`)
    .toString(2)
    .padStart(4 * mask.length, '0');
  const length = bits.lastIndexOf('1') + 1;
  return bits.slice(0, length).includes('0') ? undefined : length;
}
