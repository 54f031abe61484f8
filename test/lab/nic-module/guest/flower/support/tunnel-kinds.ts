import { MARKER } from '../../../../../../lab/testbed/frames.ts';

/** Id of the tunnels. */
export const TUNNEL_ID = 100;

/** Addresses of the underlay: this machine's, and the far end's. */
export const UNDERLAY = {
  4: { near: '172.16.0.1', far: '172.16.0.2', length: 24 },
  6: { near: 'fd16::1', far: 'fd16::2', length: 64 },
} as const;

/** An option of Geneve as tc writes it: class, type and data, hexadecimal. */
export const OPTION = '0102:01:0000002a';
/** The same before another one: its 24 bytes pass a mask of the 8 bytes that one option has. */
export const LONGER_OPTIONS = `${OPTION},0102:02:0000000100000002000000ff`;

/** A kind of tunnel. */
export interface TunnelKind {
  readonly what: string;
  readonly type: 'vxlan' | 'geneve';
  readonly over: 4 | 6;
  /** The device of the vSwitch that flows name. */
  readonly device: string;
  /** True if packets carry {@link OPTION}, which the rules of the vSwitch match and set. */
  readonly hasOption: boolean;
}

export const TUNNEL_KINDS: readonly TunnelKind[] = [
  { what: 'VXLAN', type: 'vxlan', over: 4, device: 'vxlan_sys_4789', hasOption: false },
  { what: 'Geneve', type: 'geneve', over: 4, device: 'genev_sys_6081', hasOption: false },
  { what: 'VXLAN over IPv6', type: 'vxlan', over: 6, device: 'vxlan_sys_4789', hasOption: false },
  {
    what: 'Geneve with an option',
    type: 'geneve',
    over: 4,
    device: 'genev_sys_6081',
    hasOption: true,
  },
  {
    what: 'Geneve with an option over IPv6',
    type: 'geneve',
    over: 6,
    device: 'genev_sys_6081',
    hasOption: true,
  },
];

/** Settings of the vSwitch's interface. */
export function interfaceSettings({ type, over }: TunnelKind): readonly string[] {
  // The far end drops datagrams over IPv6 without a checksum.
  const checksum = over === 6 ? ['options:csum=true'] : [];
  const remote = `options:remote_ip=${UNDERLAY[over].far}`;
  return [`type=${type}`, remote, `options:key=${TUNNEL_ID}`, ...checksum];
}

/** Arguments of `ip link add` for the device of the far end. */
export function farDevice({ type, over, hasOption }: TunnelKind): string {
  if (hasOption) return `${type} external`;
  const port = type === 'vxlan' ? ' dstport 4789' : '';
  return `${type} id ${TUNNEL_ID} remote ${UNDERLAY[over].near}${port}`;
}

/** What the far end gives its packets as outer headers, as an action of tc. */
export function farAction({ over }: TunnelKind, options: string | undefined): string {
  const { near, far } = UNDERLAY[over];
  const addresses = `src_ip ${far} dst_ip ${near} dst_port 6081 id ${TUNNEL_ID} csum`;
  return `tunnel_key set ${addresses}${options === undefined ? '' : ` geneve_opts ${options}`}`;
}

/**
 * Outer headers of a frame, without what differs from packet to packet: identification or flow label, source port, and
 * the checksums of both.
 */
export function outerHeaders({ over }: TunnelKind, frame: Uint8Array): string {
  const headers = Buffer.from(frame.subarray(14, Buffer.from(frame).indexOf(MARKER)));
  const blanks = over === 4 ? [4, 10, 20, 26] : [2, 40, 46];
  for (const at of blanks) headers.fill(0, at, at + 2);
  if (over === 6) headers[1] &= 0xf0;
  return headers.toString('hex');
}
