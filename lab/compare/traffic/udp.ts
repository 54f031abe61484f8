import { ethernet, ipv4, udp } from '../../testbed/frames.ts';
import { type Ends, FORWARDED_IPV4, ipv4Bytes, MULTICAST_GROUP } from './ends.ts';
import { payload } from './payload.ts';
import type { Stream } from './stream.ts';

/** Payload of a datagram, bytes. */
const SIZE = 200;
/** Payload that does not fit into the MTU, bytes. */
const FRAGMENTED_SIZE = 4_000;
/** Four times "no operation" (RFC 791), which a kernel does not change. */
const OPTIONS = Buffer.from('01010101', 'hex');

/** Differences from a plain UDP datagram. */
interface Variation {
  readonly size?: number;
  readonly options?: Buffer;
  readonly group?: string;
}

/** UDP datagrams. */
export function plainUdp(ends: Ends): readonly Stream[] {
  return [fromSocket(ends, {}), forwarded(ends, {})];
}

/** UDP datagrams with IPv4 options. */
export function withOptions(ends: Ends): readonly Stream[] {
  return [fromSocket(ends, { options: OPTIONS }), forwarded(ends, { options: OPTIONS })];
}

/** UDP datagrams to a group. */
export function multicast(ends: Ends): readonly Stream[] {
  const group = { group: MULTICAST_GROUP };
  return [fromSocket(ends, group), forwarded(ends, group)];
}

/** UDP datagrams that the sender's kernel fragments. */
export function fragments(ends: Ends): readonly Stream[] {
  return [fromSocket(ends, { size: FRAGMENTED_SIZE })];
}

/** ICMP echo requests and replies. */
export function echoes({ receiver, port }: Ends): readonly Stream[] {
  const send = { kind: 'echo', target: receiver.ipv4, port, size: SIZE } as const;
  return [{ from: 'socket', unit: 'packets', send, receive: undefined }];
}

function fromSocket({ sender, receiver, port }: Ends, variation: Variation): Stream {
  const { size = SIZE, options, group } = variation;
  return {
    from: 'socket',
    unit: 'packets',
    send: {
      kind: 'udp',
      target: group ?? receiver.ipv4,
      port,
      size,
      ...(options === undefined ? {} : { options: options.toString('hex') }),
      ...(group === undefined ? {} : { multicastFrom: sender.ipv4 }),
    },
    receive: {
      kind: 'udp',
      address: receiver.ipv4,
      port,
      ...(group === undefined ? {} : { group }),
    },
  };
}

function forwarded({ sender, receiver, port }: Ends, variation: Variation): Stream {
  const { options, group } = variation;
  const dst = group ?? receiver.ipv4;
  const ip = {
    src: ipv4Bytes(FORWARDED_IPV4),
    dst: ipv4Bytes(dst),
    protocol: 17,
    ttl: 64,
    tos: 0,
  };
  const macs = { src: sender.mac, dst: group === undefined ? receiver.mac : groupMac(group) };
  const frame = (sequence: number): Buffer => {
    const datagram = udp(ip, port, port + 1, payload(sequence, SIZE));
    const extras = options === undefined ? {} : { options };
    const packet = ipv4(ip, sequence & 0xffff, datagram, extras);
    return ethernet({ ...macs, etherType: 0x0800, payload: packet });
  };
  return {
    from: 'forwarded',
    unit: 'packets',
    send: { kind: 'frames', frame },
    receive: {
      kind: 'udp',
      address: receiver.ipv4,
      port: port + 1,
      ...(group === undefined ? {} : { group }),
    },
  };
}

/** RFC 1112, section 6.4. */
function groupMac(group: string): string {
  const [, b, c, d] = ipv4Bytes(group);
  const bytes = [0x01, 0x00, 0x5e, b & 0x7f, c, d];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
