import { ethernet, ipv4, udp } from '../../testbed/frames.ts';
import { type Ends, ipv4Bytes, VLAN } from './ends.ts';
import { payload } from './payload.ts';
import type { Stream } from './stream.ts';

export const RULE_OF_VLAN = `dl_vlan=${VLAN}`;

/** Chunk of the connection, bytes: several segments, which TSO sends as one. */
const CHUNK = 8_000;
/** Payload of a datagram, bytes. */
const SIZE = 200;

/** A TCP connection in a VLAN, whose tag and segmentation are left to the device, and tagged datagrams. */
export function tagged({ sender, receiver, port }: Ends): readonly Stream[] {
  const to = { src: ipv4Bytes(sender.tagged), dst: ipv4Bytes(receiver.tagged) };
  const ip = { ...to, protocol: 17, ttl: 64, tos: 0 };
  const frame = (sequence: number): Buffer => {
    const datagram = udp(ip, port, port + 1, payload(sequence, SIZE));
    const tags = [{ tpid: 0x8100, vid: VLAN, pcp: 0 }];
    const packet = ipv4(ip, sequence & 0xffff, datagram);
    return ethernet({
      src: sender.mac,
      dst: receiver.mac,
      tags,
      etherType: 0x0800,
      payload: packet,
    });
  };
  const address = receiver.tagged;
  return [
    {
      from: 'socket',
      unit: 'chunks',
      send: { kind: 'tcp', target: address, port, size: CHUNK },
      receive: { kind: 'tcp', address, port, size: CHUNK },
    },
    {
      from: 'forwarded',
      unit: 'packets',
      send: { kind: 'frames', frame },
      receive: { kind: 'udp', address, port: port + 1 },
    },
  ];
}
