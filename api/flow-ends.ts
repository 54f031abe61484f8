/** Protocol and both ends of a flow, from its match. */
export interface FlowEnds {
  readonly protocol: string;
  readonly from: string;
  readonly to: string;
}

/** Address fields of a match; the first pair that it contains is used. */
const ADDRESSES = [
  { from: 'ipv4_src', to: 'ipv4_dst' },
  { from: 'ipv6_src', to: 'ipv6_dst' },
  { from: 'arp_spa', to: 'arp_tpa' },
  { from: 'eth_src', to: 'eth_dst' },
] as const;
/** Protocols with ports. */
const PORTED = ['tcp', 'udp', 'sctp'] as const;

/**
 * The protocol and both ends of a match, `10.1.0.6:443`. Both ends have the same kind of address:
 * MAC addresses are used only if the match has no others.
 *
 * @param match its description: `in_port=vm1,tcp,ipv4_src=10.1.0.6,...`
 * @param wildcard text for an address that the match does not contain
 */
export function flowEnds(match: string, wildcard: string): FlowEnds {
  const fields = new Map<string, string>();
  const bare: string[] = [];
  for (const part of match.split(',')) {
    const equals = part.indexOf('=');
    if (equals < 0) bare.push(part);
    else fields.set(part.slice(0, equals), part.slice(equals + 1));
  }
  const protocol = bare.find((word) => !word.includes('(')) ?? fields.get('eth_type') ?? 'any';
  const pair = ADDRESSES.find(({ from, to }) => fields.has(from) || fields.has(to));
  const end = (side: 'from' | 'to'): string => {
    const address = (pair === undefined ? undefined : fields.get(pair[side])) ?? wildcard;
    const suffix = side === 'from' ? 'src' : 'dst';
    const port = PORTED.map((p) => fields.get(`${p}_${suffix}`)).find((p) => p !== undefined);
    if (port === undefined) return address;
    return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  };
  return { protocol, from: end('from'), to: end('to') };
}
