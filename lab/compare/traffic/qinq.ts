import { ethernet, ipv4, udp } from '../../testbed/frames.ts';
import { type Ends, FORWARDED_IPV4, ipv4Bytes } from './ends.ts';
import { payload } from './payload.ts';
import type { Stream } from './stream.ts';

const OUTER = { tpid: 0x88a8, vid: 100, pcp: 0 };
const INNER = { tpid: 0x8100, vid: 7, pcp: 0 };
const SIZE = 200;

export const RULE_OF_QINQ = `dl_vlan=${OUTER.vid}`;

/** UDP datagrams with two VLAN tags (IEEE 802.1ad). */
export function doubleTagged({ sender, receiver, port }: Ends): readonly Stream[] {
  const ip = {
    src: ipv4Bytes(FORWARDED_IPV4),
    dst: ipv4Bytes(receiver.ipv4),
    protocol: 17,
    ttl: 64,
    tos: 0,
  };
  const frame = (sequence: number): Buffer =>
    ethernet({
      src: sender.mac,
      dst: receiver.mac,
      tags: [OUTER, INNER],
      etherType: 0x0800,
      payload: ipv4(ip, sequence & 0xffff, udp(ip, port, port, payload(sequence, SIZE))),
    });
  return [
    {
      from: 'forwarded',
      unit: 'packets',
      send: { kind: 'frames', frame },
      receive: { kind: 'frames' },
    },
  ];
}
