import type { ArrivedTunnel, PacketHeaders } from '../../../engine/model/connection.ts';
import { ETH_IPV4, ETH_IPV6 } from '../core/key-layout.ts';
import { IP_VERSION, KIND_802_1AD, METER_KEY, METER_RECORD, TAG_PRESENT } from './records.ts';

const TCP = 6;
const TPID_802_1Q = 0x8100;
const TPID_802_1AD = 0x88a8;

/**
 * The headers of a connection's first packet. Flags of TCP are those that every packet of an
 * established connection has (ACK), since an entry leaves the others to the vSwitch.
 *
 * @param key a `struct meter_key`; copied
 * @param record a `struct meter_record`; copied
 * @param tunnel in which it arrives, without TOS and TTL; undefined: in none
 */
export function packetHeaders(
  inPort: string,
  key: Uint8Array,
  record: Uint8Array,
  tunnel?: ArrivedTunnel,
): PacketHeaders {
  const kind = key[METER_KEY.kind];
  const isIpv4 = (kind & IP_VERSION) === 4;
  const protocol = key[METER_KEY.ipProto];
  const [src, dst] = [METER_KEY.src, METER_KEY.dst].map((at) =>
    key.slice(at, at + (isIpv4 ? 4 : 16)),
  );
  const srcPort = key.slice(METER_KEY.l4Src, METER_KEY.l4Src + 2);
  const dstPort = key.slice(METER_KEY.l4Dst, METER_KEY.l4Dst + 2);
  return {
    inPort,
    values: {
      eth_src: record.slice(METER_RECORD.ethSrc, METER_RECORD.ethSrc + 6),
      eth_dst: record.slice(METER_RECORD.ethDst, METER_RECORD.ethDst + 6),
      ...tagOf((key[METER_KEY.vlanTci] << 8) | key[METER_KEY.vlanTci + 1], kind),
      eth_type: u16(isIpv4 ? ETH_IPV4 : ETH_IPV6),
      ...(isIpv4 ? { ipv4_src: src, ipv4_dst: dst } : { ipv6_src: src, ipv6_dst: dst }),
      ip_proto: Uint8Array.of(protocol),
      ip_tos: record.slice(METER_RECORD.ipTos, METER_RECORD.ipTos + 1),
      ip_ttl: record.slice(METER_RECORD.ipTtl, METER_RECORD.ipTtl + 1),
      ip_frag: Uint8Array.of(0),
      ...(protocol === TCP
        ? { tcp_src: srcPort, tcp_dst: dstPort, tcp_flags: u16(TCP_ACK) }
        : { udp_src: srcPort, udp_dst: dstPort }),
    },
    ...(tunnel === undefined ? {} : { tunnel: ofConnection(tunnel, record) }),
  };
}

/** A tunnel with the TOS and TTL of a connection's first packet in it. */
function ofConnection(tunnel: ArrivedTunnel, record: Uint8Array): ArrivedTunnel {
  const ipTos = Uint8Array.of(record[METER_RECORD.outerTos]);
  const ipTtl = Uint8Array.of(record[METER_RECORD.outerTtl]);
  return { ...tunnel, values: { ...tunnel.values, ip_tos: ipTos, ip_ttl: ipTtl } };
}

const TCP_ACK = 0x010;

/** Values of a VLAN tag; nothing if there is no tag. @param kind with the bit of 802.1ad */
export function tagOf(tci: number, kind: number): PacketHeaders['values'] {
  if ((tci & TAG_PRESENT) === 0) return {};
  return {
    vlan_tpid: u16((kind & KIND_802_1AD) === 0 ? TPID_802_1Q : TPID_802_1AD),
    vlan_vid: u16(tci & 0x0fff),
    vlan_pcp: Uint8Array.of(tci >> 13),
  };
}

/** Network byte order. */
export function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}
