import { srv6 } from '../../testbed/encapsulation.ts';
import { ethernet, udp } from '../../testbed/frames.ts';
import { type Ends, FINAL_SEGMENT, FORWARDED_IPV6, ipv6Bytes } from './ends.ts';
import { payload } from './payload.ts';
import type { Stream } from './stream.ts';

const SIZE = 200;

/**
 * UDP datagrams with a segment routing header. Those of the socket go to the receiver as their
 * first segment, which changes the destination of the pseudo header; the forwarded ones are at
 * their last segment.
 */
export function segmentRouted({ sender, receiver, port }: Ends): readonly Stream[] {
  const last = ipv6Bytes(receiver.ipv6);
  const ip = { src: ipv6Bytes(FORWARDED_IPV6), dst: last, protocol: 17, ttl: 64, tos: 0 };
  const frame = (sequence: number): Buffer => {
    const datagram = udp(ip, port, port + 1, payload(sequence, SIZE));
    const macs = { src: sender.mac, dst: receiver.mac };
    return ethernet({ ...macs, etherType: 0x86dd, payload: srv6(ip, [last], 0, datagram) });
  };
  return [
    {
      from: 'socket',
      unit: 'packets',
      send: { kind: 'udp', target: FINAL_SEGMENT, port, size: SIZE },
      receive: { kind: 'udp', address: FINAL_SEGMENT, port },
    },
    {
      from: 'forwarded',
      unit: 'packets',
      send: { kind: 'frames', frame },
      receive: { kind: 'udp', address: receiver.ipv6, port: port + 1 },
    },
  ];
}
