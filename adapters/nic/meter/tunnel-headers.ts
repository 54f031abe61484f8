import type { ArrivedTunnel } from '../../../engine/model/connection.ts';
import { ETH_IPV4, ETH_IPV6 } from '../core/key-layout.ts';
import { tagOf, u16 } from './packet-headers.ts';
import {
  ENCAPSULATION,
  IP_VERSION,
  METER_TUNNEL,
  METER_TUNNEL_KEY,
  TUNNEL_CHECKSUM,
  TUNNEL_DF,
  TUNNEL_METADATA,
} from './records.ts';

const UDP = 17;

/**
 * The outer headers of the packets in a tunnel, without TOS and TTL. MAC addresses are those of its first packet,
 * and left out if a tunnel device has removed them.
 *
 * @param key a `struct meter_tunnel_key`; copied
 * @param value a `struct meter_tunnel`; copied
 */
export function tunnelHeaders(key: Uint8Array, value: Uint8Array): ArrivedTunnel {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const kind = key[METER_TUNNEL_KEY.kind];
  const isIpv4 = (kind & IP_VERSION) === 4;
  const [src, dst] = [METER_TUNNEL_KEY.src, METER_TUNNEL_KEY.dst].map((at) =>
    key.slice(at, at + (isIpv4 ? 4 : 16)),
  );
  const { flags, options, optionsBytes, udpDst, encapsulation, vlanTci, vni } = METER_TUNNEL_KEY;
  return {
    kind: key[encapsulation] === ENCAPSULATION.geneve ? 'geneve' : 'vxlan',
    values: {
      ...((key[flags] & TUNNEL_METADATA) === 0 ? addressesOf(value) : {}),
      ...tagOf(view.getUint16(vlanTci), kind),
      eth_type: u16(isIpv4 ? ETH_IPV4 : ETH_IPV6),
      ...(isIpv4 ? { ipv4_src: src, ipv4_dst: dst } : { ipv6_src: src, ipv6_dst: dst }),
      ip_proto: Uint8Array.of(UDP),
      ip_frag: Uint8Array.of(0),
      udp_dst: key.slice(udpDst, udpDst + 2),
    },
    vni: view.getUint32(vni),
    options: key.slice(options, options + key[optionsBytes]),
    hasChecksum: (key[flags] & TUNNEL_CHECKSUM) !== 0,
    ...(isIpv4 ? { doNotFragment: (key[flags] & TUNNEL_DF) !== 0 } : {}),
  };
}

function addressesOf(value: Uint8Array): ArrivedTunnel['values'] {
  const { ethSrc, ethDst } = METER_TUNNEL;
  return { eth_src: value.slice(ethSrc, ethSrc + 6), eth_dst: value.slice(ethDst, ethDst + 6) };
}
