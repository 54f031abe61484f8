import type { ArrivedTunnel, PacketHeaders } from '../../model/connection.ts';
import type { FieldName } from '../../model/match.ts';
import { tunnelKindOf } from '../../model/tunnel-port.ts';
import { OuterHeaders } from './outer-headers.ts';
import { TravellingPacket } from './travelling-packet.ts';
import { UDP } from './tuple.ts';

const IPV4 = Uint8Array.of(0x08, 0x00);
const IPV6 = Uint8Array.of(0x86, 0xdd);

/**
 * The packet at the first megaflow: with its outer headers where the vSwitch itself takes it out of its
 * tunnel (userspace datapath), without them where a tunnel device has done so (kernel datapath).
 */
export function enteringPacket({ inPort, values, tunnel }: PacketHeaders): TravellingPacket {
  if (tunnel === undefined) return new TravellingPacket({ inPort, values });
  if (tunnelKindOf(inPort) === undefined) {
    return new TravellingPacket({ inPort, values: outerValues(tunnel) });
  }
  const outer = new TravellingPacket({ inPort, values: tunnel.values });
  return new TravellingPacket({ inPort, values }, new OuterHeaders(tunnel, outer, tunnel.values));
}

/**
 * The packet inside after it has been taken out of its tunnel: it enters again by the tunnel's port, and
 * conntrack's state is not carried over (netdev_pop_header in lib/netdev.c).
 */
export function packetInside(
  { values, tunnel }: PacketHeaders,
  outer: TravellingPacket,
  port: string,
): TravellingPacket | undefined {
  if (tunnel === undefined || tunnelKindOf(port) !== tunnel.kind) return undefined;
  const around = new OuterHeaders(tunnel, outer, outerValues(tunnel));
  return new TravellingPacket({ inPort: port, values }, around);
}

/** What Geneve and VXLAN are carried in, unless it is given. */
function outerValues({ values }: ArrivedTunnel): PacketHeaders['values'] {
  const usual: Partial<Record<FieldName, Uint8Array>> = {
    eth_type: values.ipv4_src === undefined ? IPV6 : IPV4,
    ip_proto: Uint8Array.of(UDP),
    ip_frag: Uint8Array.of(0),
  };
  return { ...usual, ...values };
}
