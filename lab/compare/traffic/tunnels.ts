import { gre, vxlan } from '../../testbed/encapsulation.ts';
import { ethernet, ipv4, type IpHeader, udp } from '../../testbed/frames.ts';
import { type Ends, FORWARDED_IPV4, ipv4Bytes, VNI, VXLAN_PORT } from './ends.ts';
import { payload } from './payload.ts';
import type { Stream } from './stream.ts';

const SIZE = 200;
/** Source port of the forwarded tunnel, from the ephemeral range, as RFC 7348 recommends. */
const TUNNEL_SOURCE = 50_000;
const GRE = 47;
const IPIP = 4;

/** UDP datagrams in VXLAN: by a kernel's device without an outer checksum, and with one. */
export function inVxlan(ends: Ends): readonly Stream[] {
  const { sender, receiver, port } = ends;
  const outer = outerHeader(ends, 17);
  const inner = { ...outer, src: ipv4Bytes(sender.inner), dst: ipv4Bytes(receiver.inner) };
  const frame = (sequence: number): Buffer => {
    const datagram = ipv4(inner, sequence & 0xffff, datagramOf(inner, port + 1, sequence));
    const macs = { src: sender.innerMac, dst: receiver.innerMac };
    const tunnelled = vxlan(VNI, ethernet({ ...macs, etherType: 0x0800, payload: datagram }));
    return frameOf(ends, outer, sequence, udp(outer, TUNNEL_SOURCE, VXLAN_PORT, tunnelled));
  };
  return [
    {
      from: 'socket',
      unit: 'packets',
      send: { kind: 'udp', target: receiver.inner, port, size: SIZE },
      receive: { kind: 'udp', address: receiver.inner, port },
    },
    {
      from: 'forwarded',
      unit: 'packets',
      send: { kind: 'frames', frame },
      receive: { kind: 'udp', address: receiver.inner, port: port + 1 },
    },
  ];
}

/** UDP datagrams in GRE; the kernel of the lab has no GRE devices. */
export function inGre(ends: Ends): readonly Stream[] {
  return [tunnelled(ends, GRE, (packet) => gre(0x0800, packet))];
}

/** UDP datagrams in IPv4 in IPv4; the kernel of the lab has no such devices. */
export function inIpip(ends: Ends): readonly Stream[] {
  return [tunnelled(ends, IPIP, (packet) => packet)];
}

function tunnelled(ends: Ends, protocol: number, around: (packet: Buffer) => Buffer): Stream {
  const outer = outerHeader(ends, protocol);
  const inner = {
    ...outer,
    src: ipv4Bytes(ends.sender.inner),
    dst: ipv4Bytes(ends.receiver.inner),
    protocol: 17,
  };
  const frame = (sequence: number): Buffer => {
    const packet = ipv4(inner, sequence & 0xffff, datagramOf(inner, ends.port, sequence));
    return frameOf(ends, outer, sequence, around(packet));
  };
  return {
    from: 'forwarded',
    unit: 'packets',
    send: { kind: 'frames', frame },
    receive: { kind: 'raw', address: ends.receiver.ipv4, protocol },
  };
}

function outerHeader({ receiver }: Ends, protocol: number): IpHeader {
  const ends = { src: ipv4Bytes(FORWARDED_IPV4), dst: ipv4Bytes(receiver.ipv4) };
  return { ...ends, protocol, ttl: 64, tos: 0 };
}

function datagramOf(ip: IpHeader, port: number, sequence: number): Buffer {
  return udp(ip, port, port, payload(sequence, SIZE));
}

function frameOf({ sender, receiver }: Ends, ip: IpHeader, id: number, inside: Buffer): Buffer {
  const macs = { src: sender.mac, dst: receiver.mac };
  return ethernet({ ...macs, etherType: 0x0800, payload: ipv4(ip, id & 0xffff, inside) });
}
