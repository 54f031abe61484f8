import type { PacketHeaders } from '../../engine/model/connection.ts';
import {
  echoRequest,
  ethernet,
  type IpHeader,
  type Ipv4Extras,
  ipv4,
  ipv6,
  MARKER,
  macBytes,
  tcp,
  udp,
  type VlanTag,
} from '../../lab/testbed/frames.ts';
import { numberBytes } from '../support/match-fields.ts';

/** A connection, and what else is in the headers of its packets. */
export interface SentConnection {
  /** IP protocol; 132 (SCTP) is sent with ports, but without a right checksum. */
  readonly protocol: number;
  readonly src: Buffer;
  readonly dst: Buffer;
  readonly srcPort: number;
  readonly dstPort: number;
  readonly tag?: VlanTag;
  readonly tos: number;
  readonly ttl: number;
  readonly ethSrc: string;
}

const ETH_DST = '02:00:00:00:01:02';
const DATA = Buffer.concat([MARKER, Buffer.alloc(50)]);
const TCP = 6;
const UDP = 17;
const ACK = 0x10;

/** UDP on IPv4 without a tag. */
export const PLAIN: SentConnection = {
  protocol: UDP,
  src: Buffer.from([10, 0, 0, 1]),
  dst: Buffer.from([10, 0, 0, 2]),
  srcPort: 5_000,
  dstPort: 6_000,
  tos: 0x28,
  ttl: 64,
  ethSrc: '02:00:00:00:01:01',
};

const V6 = {
  src: Buffer.from('fd000000000000000000000000000001', 'hex'),
  dst: Buffer.from('fd0000000000000000000000000000ff', 'hex'),
};

/** Connections of every kind that is counted: UDP and TCP on IPv4 and IPv6, tagged and not. */
export const VARIANTS: readonly SentConnection[] = [
  PLAIN,
  { ...PLAIN, protocol: TCP },
  { ...PLAIN, ...V6 },
  { ...PLAIN, ...V6, protocol: TCP },
  { ...PLAIN, tag: { tpid: 0x8100, vid: 42, pcp: 5 } },
  { ...PLAIN, tag: { tpid: 0x88a8, vid: 42, pcp: 5 } },
];

/** A packet of a connection. */
export function frameOf(
  connection: SentConnection,
  extras: Ipv4Extras = {},
  data: Buffer = DATA,
): Buffer {
  const { protocol, src, dst, tos, ttl, tag, ethSrc } = connection;
  const ip: IpHeader = { src, dst, protocol, tos, ttl };
  const isIpv4 = src.length === 4;
  const payload = segmentOf(connection, ip, data);
  return ethernet({
    src: ethSrc,
    dst: ETH_DST,
    ...(tag === undefined ? {} : { tags: [tag] }),
    etherType: isIpv4 ? 0x0800 : 0x86dd,
    payload: isIpv4 ? ipv4(ip, 1, payload, extras) : ipv6(ip, 0, payload),
  });
}

function segmentOf(
  { protocol, srcPort, dstPort }: SentConnection,
  ip: IpHeader,
  data: Buffer,
): Buffer {
  if (protocol === TCP) return tcp(ip, srcPort, dstPort, 1, ACK, data);
  if (protocol === 1) return echoRequest(ip, 1, data);
  return udp(ip, srcPort, dstPort, data);
}

/** What the headers of a packet of that connection hold. */
export function valuesOf(connection: SentConnection): PacketHeaders['values'] {
  const { protocol, src, dst, srcPort, dstPort, tag, tos, ttl, ethSrc } = connection;
  const isIpv4 = src.length === 4;
  const [from, to] = [Uint8Array.from(src), Uint8Array.from(dst)];
  return {
    eth_src: Uint8Array.from(macBytes(ethSrc)),
    eth_dst: Uint8Array.from(macBytes(ETH_DST)),
    ...(tag === undefined
      ? {}
      : {
          vlan_tpid: numberBytes('vlan_tpid', tag.tpid),
          vlan_vid: numberBytes('vlan_vid', tag.vid),
          vlan_pcp: numberBytes('vlan_pcp', tag.pcp),
        }),
    eth_type: numberBytes('eth_type', isIpv4 ? 0x0800 : 0x86dd),
    ...(isIpv4 ? { ipv4_src: from, ipv4_dst: to } : { ipv6_src: from, ipv6_dst: to }),
    ip_proto: Uint8Array.of(protocol),
    ip_tos: Uint8Array.of(tos),
    ip_ttl: Uint8Array.of(ttl),
    ip_frag: Uint8Array.of(0),
    ...(protocol === TCP
      ? {
          tcp_src: numberBytes('tcp_src', srcPort),
          tcp_dst: numberBytes('tcp_dst', dstPort),
          tcp_flags: numberBytes('tcp_flags', ACK),
        }
      : {
          udp_src: numberBytes('udp_src', srcPort),
          udp_dst: numberBytes('udp_dst', dstPort),
        }),
  };
}
