import type { ArrivedTunnel, PacketHeaders } from '../../engine/model/connection.ts';
import type { TunnelKind } from '../../engine/model/tunnel.ts';
import type { TunnelEndpoint } from '../../engine/ports/connection-meter.ts';
import type { Ipv4Extras } from '../../lab/testbed/frames.ts';
import { frameOf, PLAIN, type SentConnection, valuesOf } from './metered-frames.ts';

/** A tunnel, and what else is in the headers of its packets. */
export interface SentTunnel {
  readonly kind: TunnelKind;
  /** Its packets without what is in them. */
  readonly outer: SentConnection;
  readonly vni: number;
  /** Geneve's options. */
  readonly options: Buffer;
}

const OUTER: SentConnection = {
  ...PLAIN,
  src: Buffer.from([172, 16, 0, 1]),
  dst: Buffer.from([172, 16, 0, 2]),
  srcPort: 40_000,
  dstPort: 6081,
  tos: 0x02,
  ttl: 63,
  ethSrc: '02:00:00:00:02:01',
};

/** As OVN sets up its tunnels. */
export const GENEVE: SentTunnel = {
  kind: 'geneve',
  outer: OUTER,
  vni: 0x010203,
  options: Buffer.from('0102800100010002', 'hex'),
};

/** VXLAN on IPv6. */
export const VXLAN: SentTunnel = {
  kind: 'vxlan',
  outer: {
    ...OUTER,
    src: Buffer.from('fd010000000000000000000000000001', 'hex'),
    dst: Buffer.from('fd010000000000000000000000000002', 'hex'),
    dstPort: 4789,
  },
  vni: 77,
  options: Buffer.alloc(0),
};

/** The 8 bytes before the options (RFC 8926, section 3.4; RFC 7348, section 5). */
export function tunnelHeader({ kind, vni, options }: SentTunnel): Buffer {
  const header = Buffer.from(kind === 'geneve' ? '0040655800000000' : '0800000000000000', 'hex');
  if (kind === 'geneve') header[0] = options.length / 4;
  header.writeUIntBE(vni, 4, 3);
  return header;
}

/** A packet of a connection in a tunnel. */
export function tunnelledFrame(
  tunnel: SentTunnel,
  inner: Buffer,
  header = tunnelHeader(tunnel),
  extras: Ipv4Extras = {},
): Buffer {
  return frameOf(tunnel.outer, extras, Buffer.concat([header, tunnel.options, inner]));
}

/** Where its packets arrive. */
export function endpointOf(inPort: string, { kind, outer }: SentTunnel): TunnelEndpoint {
  return { inPort, kind, dst: Uint8Array.from(outer.dst), dstPort: outer.dstPort };
}

/** What the outer headers of its packets hold, apart from the source port, which differs between connections. */
export function arrivedIn({ kind, outer, vni, options }: SentTunnel): ArrivedTunnel {
  const { udp_src: _, ...values }: PacketHeaders['values'] = valuesOf(outer);
  const isIpv4 = outer.src.length === 4;
  const flags = { hasChecksum: true, ...(isIpv4 ? { doNotFragment: false } : {}) };
  return { kind, values, vni, options: Uint8Array.from(options), ...flags };
}
