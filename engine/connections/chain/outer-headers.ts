import type { ArrivedTunnel, PacketHeaders } from '../../model/connection.ts';
import type { FieldName } from '../../model/match.ts';
import type { Condition } from '../syntax/conditions.ts';
import type { OuterField, TunnelName } from '../syntax/tunnel-conditions.ts';

/** What of a packet with its outer headers is asked for. */
interface OuterPacket {
  valueOf(name: FieldName): Uint8Array | undefined;
  look(condition: Condition): void;
  looked(field: FieldName): Uint8Array | undefined;
}

const FIELDS: ReadonlyMap<TunnelName, OuterField> = new Map([
  ['tun_ipv4_src', 'ipv4_src'],
  ['tun_ipv4_dst', 'ipv4_dst'],
  ['tun_ipv6_src', 'ipv6_src'],
  ['tun_ipv6_dst', 'ipv6_dst'],
  ['tun_ip_tos', 'ip_tos'],
  ['tun_ip_ttl', 'ip_ttl'],
  ['tun_udp_src', 'udp_src'],
  ['tun_udp_dst', 'udp_dst'],
]);

/** The tunnel that a packet has arrived in: its metadata in the vSwitch, and the headers it comes from. */
export class OuterHeaders {
  readonly tunnel: ArrivedTunnel;
  /** The packet around it, as the megaflows before it have left it. */
  readonly packet: OuterPacket;
  /** The outer headers as the packet entered. */
  readonly values: PacketHeaders['values'];

  constructor(tunnel: ArrivedTunnel, packet: OuterPacket, values: PacketHeaders['values']) {
    this.tunnel = tunnel;
    this.packet = packet;
    this.values = values;
  }

  /** Undefined when the header is not there, or not known. */
  valueOf(name: TunnelName): Uint8Array | undefined {
    const field = FIELDS.get(name);
    if (field !== undefined) return this.packet.valueOf(field);
    const { vni, options } = this.tunnel;
    if (name !== 'tun_id') return options;
    return Uint8Array.of(0, 0, 0, 0, 0, vni >> 16, (vni >> 8) & 0xff, vni & 0xff);
  }

  /** Notes that a megaflow matched on these bits. VNI and options need no note: an entry has all of them. */
  look(name: TunnelName, mask: Uint8Array, value: Uint8Array): void {
    const field = FIELDS.get(name);
    if (field !== undefined) this.packet.look({ name: field, value, mask });
  }
}

/** True for the name of a condition on the tunnel. */
export function isTunnelName(name: Condition['name']): name is TunnelName {
  return name.startsWith('tun_');
}
