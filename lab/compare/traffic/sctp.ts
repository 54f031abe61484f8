import { sctp, sctpData } from '../../testbed/encapsulation.ts';
import { ethernet, ipv4 } from '../../testbed/frames.ts';
import { type Ends, FORWARDED_IPV4, ipv4Bytes } from './ends.ts';
import { payload } from './payload.ts';
import type { Stream } from './stream.ts';

const PROTOCOL = 132;
const SIZE = 200;

/** SCTP packets; the kernel of the lab has no SCTP sockets, so they are all forwarded. */
export function sctpStreams({ sender, receiver, port }: Ends): readonly Stream[] {
  const ip = {
    src: ipv4Bytes(FORWARDED_IPV4),
    dst: ipv4Bytes(receiver.ipv4),
    protocol: PROTOCOL,
    ttl: 64,
    tos: 0,
  };
  const frame = (sequence: number): Buffer => {
    const packet = sctp(port, port, sctpData(sequence, payload(sequence, SIZE)));
    const macs = { src: sender.mac, dst: receiver.mac };
    return ethernet({ ...macs, etherType: 0x0800, payload: ipv4(ip, sequence & 0xffff, packet) });
  };
  return [
    {
      from: 'forwarded',
      unit: 'packets',
      send: { kind: 'frames', frame },
      receive: { kind: 'raw', address: receiver.ipv4, protocol: PROTOCOL },
    },
  ];
}
