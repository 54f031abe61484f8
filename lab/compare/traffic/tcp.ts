import { macBytes } from '../../testbed/frames.ts';
import { type Ends, FORWARDED_IPV4 } from './ends.ts';
import type { Stream } from './stream.ts';

/** Chunk of the kernel's connection, bytes: several segments, which TSO sends as one. */
const SOCKET_CHUNK = 8_000;
/** Chunk of the forwarded connection, bytes: one segment. */
const FORWARDED_CHUNK = 1_000;

/** Two TCP connections. */
export function tcpStreams({ sender, receiver, port }: Ends): readonly Stream[] {
  const to = { target: receiver.ipv4, port, size: SOCKET_CHUNK };
  const forwarded = { target: receiver.ipv4, port: port + 1, size: FORWARDED_CHUNK };
  const macs = {
    srcMac: macBytes(sender.mac).toString('hex'),
    dstMac: macBytes(receiver.mac).toString('hex'),
  };
  return [
    {
      from: 'socket',
      unit: 'chunks',
      send: { kind: 'tcp', ...to },
      receive: { kind: 'tcp', address: receiver.ipv4, port, size: SOCKET_CHUNK },
    },
    {
      from: 'forwarded',
      unit: 'chunks',
      send: { kind: 'tcpFrames', ...forwarded, source: FORWARDED_IPV4, ...macs },
      receive: {
        kind: 'tcp',
        address: receiver.ipv4,
        port: port + 1,
        size: FORWARDED_CHUNK,
      },
    },
  ];
}
