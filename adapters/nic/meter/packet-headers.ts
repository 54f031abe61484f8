import type { PacketHeaders } from '../../../engine/model/connection.ts';
import { ETH_IPV4, ETH_IPV6 } from '../core/key-layout.ts';
import { METER_KEY, METER_RECORD, TAG_PRESENT } from './records.ts';

const TCP = 6;

/**
 * The headers of a connection's first packet. Flags of TCP are those that every packet of an
 * established connection has (ACK), since an entry leaves the others to the vSwitch.
 *
 * @param key a `struct meter_key`; copied
 * @param record a `struct meter_record`; copied
 */
export function packetHeaders(inPort: string, key: Uint8Array, record: Uint8Array): PacketHeaders {
  const kind = key[METER_KEY.kind] & 0x0f;
  const isIpv4 = kind === 4;
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
      ...tagOf(key, record),
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
  };
}

const TCP_ACK = 0x010;

function tagOf(key: Uint8Array, record: Uint8Array): PacketHeaders['values'] {
  const tci = (key[METER_KEY.vlanTci] << 8) | key[METER_KEY.vlanTci + 1];
  if ((tci & TAG_PRESENT) === 0) return {};
  return {
    vlan_tpid: record.slice(METER_RECORD.vlanTpid, METER_RECORD.vlanTpid + 2),
    vlan_vid: u16(tci & 0x0fff),
    vlan_pcp: Uint8Array.of(tci >> 13),
  };
}

/** Network byte order. */
function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}
