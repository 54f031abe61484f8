import fc from 'fast-check';
import type { ConnectionTuple } from '../../../../engine/model/connection.ts';

/** A connection as a test makes it, and as vswitchd prints it. */
export interface PrintedConnection {
  readonly zone: number;
  readonly original: ConnectionTuple;
  readonly reply: ConnectionTuple;
  readonly mark: number;
  readonly labels: Buffer;
  readonly timeout: number;
  /** States of both ends; only printed of TCP. */
  readonly states: readonly [string, string];
  /** Further attributes, with a comma in front. */
  readonly more: string;
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [2, 'igmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [58, 'icmpv6'],
  [132, 'sctp'],
]);

const TCP_STATES = [
  'CLOSED',
  'LISTEN',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'CLOSE_WAIT',
  'FIN_WAIT_1',
  'CLOSING',
  'LAST_ACK',
  'FIN_WAIT_2',
  'TIME_WAIT',
];

/** An independent writer of what `dpctl/dump-conntrack -m -s` prints for a connection. */
export function printed(connection: PrintedConnection): string {
  const { original, reply, zone, mark, labels, timeout, states, more } = connection;
  const name = NAMES.get(original.protocol) ?? String(original.protocol);
  const isZero = labels.every((byte) => byte === 0);
  const digits = labels.toString('hex').replace(/^0+/, '');
  return [
    `${name},orig=(${tupleText(original, 8)}),reply=(${tupleText(reply, 0)}),id=0`,
    zone === 0 ? '' : `,zone=${zone}`,
    `,status=0,timeout=${timeout}`,
    mark === 0 ? '' : `,mark=${mark}`,
    isZero ? '' : `,labels=0x${digits}`,
    original.protocol === 6
      ? `,protoinfo=(state_orig=${states[0]},state_reply=${states[1]},wscale_orig=7,wscale_reply=7,flags_orig=WINDOW_SCALE,flags_reply=WINDOW_SCALE)`
      : '',
    more,
  ].join('');
}

function tupleText(
  { src, dst, protocol, srcPort, dstPort }: ConnectionTuple,
  type: number,
): string {
  const addresses = `src=${addressText(src)},dst=${addressText(dst)}`;
  if (protocol === 1 || protocol === 58) return `${addresses},id=${srcPort},type=${type},code=0`;
  return `${addresses},sport=${srcPort},dport=${dstPort}`;
}

function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const at = Buffer.from(bytes);
  const groups = Array.from({ length: 8 }, (_, i) => at.readUInt16BE(2 * i).toString(16));
  return groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::');
}

const port = fc.integer({ min: 0, max: 0xffff });

/** One of few addresses, so that connections share some. */
function address(bytes: 4 | 16): fc.Arbitrary<Buffer> {
  return fc.oneof(
    fc
      .integer({ min: 0, max: 3 })
      .map((n) => Buffer.concat([Buffer.alloc(bytes - 1, 10), Buffer.of(n)])),
    fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => Buffer.from(value)),
    fc
      .integer({ min: 0, max: 255 })
      .map((n) => Buffer.concat([Buffer.alloc(bytes - 1), Buffer.of(n)])),
  );
}

/** Any connection that conntrack can have. */
export const anyConnection: fc.Arbitrary<PrintedConnection> = fc
  .record({
    ipVersion: fc.constantFrom<4 | 6>(4, 6),
    protocol: fc.constantFrom(1, 2, 6, 6, 17, 17, 58, 132, 47),
    isTranslated: fc.boolean(),
  })
  .chain(({ ipVersion, protocol, isTranslated }) => {
    const bytes = ipVersion === 4 ? 4 : 16;
    const isIcmp = protocol === 1 || protocol === 58;
    return fc
      .record({
        src: address(bytes),
        dst: address(bytes),
        natSrc: address(bytes),
        natDst: address(bytes),
        srcPort: port,
        dstPort: port,
        natPort: port,
        zone: fc.integer({ min: 0, max: 0xffff }),
        mark: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffffffff })),
        labels: fc.oneof(
          fc.constant(Buffer.alloc(16)),
          fc.uint8Array({ minLength: 16, maxLength: 16 }).map((value) => Buffer.from(value)),
        ),
        timeout: fc.integer({ min: 1, max: 86_400 }),
        states: fc.tuple(fc.constantFrom(...TCP_STATES), fc.constantFrom(...TCP_STATES)),
        more: fc.constantFrom(
          '',
          '',
          '',
          ',helper=ftp',
          ',parent=(src=1.2.3.4,dst=5.6.7.8,sport=1,dport=2)',
        ),
      })
      .map(({ src, dst, natSrc, natDst, srcPort, dstPort, natPort, ...about }) => {
        const tuple = (from: Buffer, to: Buffer, a: number, b: number): ConnectionTuple => ({
          ipVersion,
          protocol,
          src: from,
          dst: to,
          srcPort: a,
          dstPort: isIcmp ? a : b,
        });
        return {
          ...about,
          original: tuple(src, dst, srcPort, dstPort),
          reply: isTranslated
            ? tuple(natDst, natSrc, isIcmp ? srcPort : natPort, srcPort)
            : tuple(dst, src, isIcmp ? srcPort : dstPort, srcPort),
        };
      });
  });
