import type { ConnectionTuple } from '../../../../../engine/model/connection.ts';
import {
  ADDRESS,
  CONNTRACK,
  CONNTRACK_MESSAGE,
  NFGENMSG_BYTES,
  PROTOCOL_PART,
  STATE,
  STATUS,
  TCP_STATE,
  TUPLE,
} from '../../../../../protocols/netlink/conntrack.ts';
import { encodeMessage, FLAG } from '../../../../../protocols/netlink/message.ts';
import { attributesOf } from '../../../../../protocols/netlink/tables.ts';

/** What a test says of a connection. */
export interface SentConnection {
  readonly zone: number;
  readonly original: ConnectionTuple;
  readonly reply: ConnectionTuple;
  readonly mark: number;
  /** Most significant byte first. */
  readonly labels: Buffer;
  readonly timeout: number;
  /** Bits of {@link STATUS}. */
  readonly status: number;
  /** `TCP_CONNTRACK_*`; undefined: the message does not say. */
  readonly tcpState: number | undefined;
  readonly hasHelper: boolean;
}

export const REPLIED = STATUS.seenReply;

/** The message of ctnetlink about a connection (ctnetlink_fill_info in the kernel). */
export function connectionMessage(
  connection: SentConnection,
  about: { readonly sequence?: number; readonly type?: number; readonly flags?: number } = {},
): Buffer {
  const { sequence = 0, type = CONNTRACK_MESSAGE.new, flags = FLAG.multi } = about;
  const { zone, original, reply, mark, labels, timeout, status, tcpState, hasHelper } = connection;
  const header = Buffer.alloc(NFGENMSG_BYTES);
  header[0] = original.ipVersion === 4 ? 2 : 10;
  const payload = Buffer.concat([
    header,
    CONNTRACK.original.of(tupleAttributes(original)),
    CONNTRACK.reply.of(tupleAttributes(reply)),
    ...(zone === 0 ? [] : [CONNTRACK.zone.of(zone)]),
    CONNTRACK.status.of(status),
    CONNTRACK.timeout.of(timeout),
    ...(tcpState === undefined ? [] : [stateAttribute(tcpState)]),
    ...(hasHelper ? [CONNTRACK.helper.of(Buffer.from('ftp\0'))] : []),
    ...(mark === 0 ? [] : [CONNTRACK.mark.of(mark)]),
    CONNTRACK.id.of(4_711),
    ...(labels.every((byte) => byte === 0)
      ? []
      : [CONNTRACK.labels.of(Buffer.from(labels.toReversed()))]),
  ]);
  return encodeMessage({ type, flags, sequence, payload });
}

function stateAttribute(state: number): Buffer {
  return CONNTRACK.state.of(attributesOf(STATE.tcp.of(attributesOf(TCP_STATE.state.of(state)))));
}

function tupleAttributes({ ipVersion, protocol, src, dst, srcPort, dstPort }: ConnectionTuple) {
  const [source, destination] =
    ipVersion === 4
      ? [ADDRESS.ipv4Source, ADDRESS.ipv4Destination]
      : [ADDRESS.ipv6Source, ADDRESS.ipv6Destination];
  const identifier = protocol === 1 ? PROTOCOL_PART.icmpId : PROTOCOL_PART.icmpv6Id;
  const ports =
    protocol === 1 || protocol === 58
      ? [identifier.of(srcPort)]
      : [PROTOCOL_PART.sourcePort.of(srcPort), PROTOCOL_PART.destinationPort.of(dstPort)];
  return attributesOf(
    TUPLE.address.of(attributesOf(source.of(Buffer.from(src)), destination.of(Buffer.from(dst)))),
    TUPLE.protocol.of(attributesOf(PROTOCOL_PART.number.of(protocol), ...ports)),
  );
}
