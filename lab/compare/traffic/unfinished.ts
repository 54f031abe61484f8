import { gre, sctp, sctpData, srv6, vxlan } from '../../testbed/encapsulation.ts';
import { ethernet, ipv4, type IpHeader, tcp, udp, unfinished } from '../../testbed/frames.ts';
import {
  type Ends,
  FINAL_SEGMENT,
  FORWARDED_IPV4,
  FORWARDED_IPV6,
  ipv4Bytes,
  ipv6Bytes,
  VNI,
  VXLAN_PORT,
} from './ends.ts';
import { payload } from './payload.ts';
import type { ReceiverSpec, Stream } from './stream.ts';

const SIZE = 200;
const ETHERNET = 14;
const IPV4 = 20;
const IPV6 = 40;
const UDP = 8;
const VXLAN = 8;
const GRE = 4;
/** A segment routing header with two segments. */
const ROUTING = 40;
/** Offsets of the checksum in its header. */
const UDP_CHECKSUM = 6;
const SCTP_CHECKSUM = 8;
const TCP_CHECKSUM = 16;
const TCP_PSH_ACK = 0x18;

/** A protocol whose packets a sender may hand to its device before their checksum is complete. */
export interface Unfinished {
  readonly name: string;
  readonly streamOf: (ends: Ends) => Stream;
}

/** Packets that only a path which keeps what the kernel knows about their checksum can deliver. */
export const UNFINISHED: readonly Unfinished[] = [
  {
    name: 'UDP',
    streamOf: (ends) => {
      const ip = outer(ends, 17);
      return streamOf(ends, ip, ETHERNET + IPV4, udpAt(ends), (n) => datagram(ip, ends.port, n));
    },
  },
  {
    name: 'UDP in VXLAN without an outer checksum',
    streamOf: (ends) => {
      const ip = inner(ends);
      const macs = { src: ends.sender.innerMac, dst: ends.receiver.innerMac };
      const around = (n: number) => {
        const packet = ipv4(ip, n & 0xffff, datagram(ip, ends.port, n));
        const frame = vxlan(VNI, ethernet({ ...macs, etherType: 0x0800, payload: packet }));
        const tunnel = udp(outer(ends, 17), 50_000, VXLAN_PORT, frame);
        tunnel.writeUInt16BE(0, UDP_CHECKSUM);
        return tunnel;
      };
      const start = ETHERNET + IPV4 + UDP + VXLAN + ETHERNET + IPV4;
      const at = { ...udpAt(ends), address: ends.receiver.inner };
      return streamOf(ends, outer(ends, 17), start, at, around);
    },
  },
  {
    name: 'UDP in GRE',
    streamOf: (ends) => tunnelled(ends, 47, GRE, (packet) => gre(0x0800, packet)),
  },
  { name: 'UDP in IPIP', streamOf: (ends) => tunnelled(ends, 4, 0, (packet) => packet) },
  {
    name: 'SCTP',
    streamOf: (ends) => {
      const around = (n: number) => {
        const packet = sctp(ends.port, ends.port, sctpData(n, payload(n, SIZE)));
        packet.writeUInt32BE(0, SCTP_CHECKSUM);
        return packet;
      };
      const at = { kind: 'frames', protocol: 132 } as const;
      return streamOf(ends, outer(ends, 132), ETHERNET + IPV4, at, around, SCTP_CHECKSUM);
    },
  },
  {
    name: 'UDP behind a segment routing header',
    streamOf: (ends) => {
      const at = { kind: 'udp', address: FINAL_SEGMENT, port: ends.port } as const;
      return segmentRouted(ends, 17, UDP_CHECKSUM, at, (ip, n) => datagram(ip, ends.port, n));
    },
  },
  {
    name: 'TCP behind a segment routing header',
    streamOf: (ends) => {
      const at = { kind: 'frames', protocol: 43 } as const;
      return segmentRouted(ends, 6, TCP_CHECKSUM, at, (ip, n) => {
        const segment = tcp(ip, ends.port, ends.port, n, TCP_PSH_ACK, payload(n, SIZE));
        return unfinished(ip, segment, TCP_CHECKSUM);
      });
    },
  },
];

function segmentRouted(
  { sender, receiver }: Ends,
  protocol: number,
  offset: number,
  receive: ReceiverSpec,
  inside: (ip: IpHeader, sequence: number) => Buffer,
): Stream {
  const segments = [FINAL_SEGMENT, receiver.ipv6].map(ipv6Bytes);
  const src = ipv6Bytes(FORWARDED_IPV6);
  const toLast = { src, dst: segments[0], protocol, ttl: 64, tos: 0 };
  const frame = (n: number) => {
    const packet = srv6({ ...toLast, dst: segments[1] }, segments, 1, inside(toLast, n));
    return ethernet({ src: sender.mac, dst: receiver.mac, etherType: 0x86dd, payload: packet });
  };
  const start = ETHERNET + IPV6 + ROUTING;
  return {
    from: 'forwarded',
    unit: 'packets',
    send: { kind: 'frames', frame, checksum: [start, offset] },
    receive,
  };
}

function tunnelled(
  ends: Ends,
  protocol: number,
  header: number,
  around: (packet: Buffer) => Buffer,
): Stream {
  const ip = inner(ends);
  const inside = (n: number) => around(ipv4(ip, n & 0xffff, datagram(ip, ends.port, n)));
  const start = ETHERNET + IPV4 + header + IPV4;
  return streamOf(ends, outer(ends, protocol), start, { kind: 'frames', protocol }, inside);
}

function streamOf(
  { sender, receiver }: Ends,
  ip: IpHeader,
  start: number,
  receive: ReceiverSpec,
  inside: (sequence: number) => Buffer,
  offset = UDP_CHECKSUM,
): Stream {
  const macs = { src: sender.mac, dst: receiver.mac };
  const frame = (n: number) =>
    ethernet({ ...macs, etherType: 0x0800, payload: ipv4(ip, n & 0xffff, inside(n)) });
  return {
    from: 'forwarded',
    unit: 'packets',
    send: { kind: 'frames', frame, checksum: [start, offset] },
    receive,
  };
}

function datagram(ip: IpHeader, port: number, sequence: number): Buffer {
  return unfinished(ip, udp(ip, port, port, payload(sequence, SIZE)), UDP_CHECKSUM);
}

function outer({ receiver }: Ends, protocol: number): IpHeader {
  const ends = { src: ipv4Bytes(FORWARDED_IPV4), dst: ipv4Bytes(receiver.ipv4) };
  return { ...ends, protocol, ttl: 64, tos: 0 };
}

function inner({ sender, receiver }: Ends): IpHeader {
  const ends = { src: ipv4Bytes(sender.inner), dst: ipv4Bytes(receiver.inner) };
  return { ...ends, protocol: 17, ttl: 64, tos: 0 };
}

function udpAt({ receiver, port }: Ends): Extract<ReceiverSpec, { readonly kind: 'udp' }> {
  return { kind: 'udp', address: receiver.ipv4, port };
}
