import fc from 'fast-check';
import type { TunnelHeader } from '../../../../engine/model/tunnel.ts';
import { checksum, ipv4, ipv6 } from '../../../../lab/testbed/frames.ts';

const UDP = 17;

/** An independent description of what a frame in a tunnel looks like. */
export function encapsulated(frame: Buffer, header: TunnelHeader): Buffer {
  const { src, dst, tos, ttl, ethernet, kind, vni, options } = header;
  const ip = { src: Buffer.from(src), dst: Buffer.from(dst), protocol: UDP, tos, ttl };
  const tunnel = Buffer.alloc(8);
  tunnel.writeUInt32BE(vni * 256, 4);
  if (kind === 'vxlan') {
    tunnel[0] = 0x08;
  } else {
    tunnel[0] = options.length / 4;
    tunnel[1] = isCritical(options) ? 0x40 : 0;
    tunnel.writeUInt16BE(0x6558, 2);
  }
  const datagram = Buffer.concat([Buffer.alloc(8), tunnel, options, frame]);
  datagram.writeUInt16BE(header.srcPort ?? 0, 0);
  datagram.writeUInt16BE(header.dstPort, 2);
  datagram.writeUInt16BE(datagram.length, 4);
  if (header.hasChecksum) {
    const length = Buffer.from([0, UDP, datagram.length >> 8, datagram.length & 255]);
    const sum = checksum(Buffer.concat([ip.src, ip.dst, length, datagram]));
    datagram.writeUInt16BE(sum === 0 ? 0xffff : sum, 6);
  }
  const isIpv4 = src.length === 4;
  const packet = isIpv4
    ? ipv4(ip, 0, datagram, { fragment: header.doNotFragment ? 0x4000 : 0 })
    : ipv6(ip, 0, datagram);
  if (ethernet === undefined) throw new Error('no outer Ethernet header');
  const type = Buffer.from(isIpv4 ? '0800' : '86dd', 'hex');
  return Buffer.concat([ethernet.dst, ethernet.src, type, packet]);
}

function isCritical(options: Uint8Array): boolean {
  let rest = options;
  for (; rest.length > 0; rest = rest.subarray(4 + (rest[3] & 31) * 4)) {
    if (rest[2] >= 0x80) return true;
  }
  return false;
}

const byte = fc.integer({ min: 0, max: 255 });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

/** Geneve options, up to 64 bytes of them. */
const option = fc
  .record({ classAndType: bytes(3), words: fc.integer({ min: 0, max: 3 }) })
  .chain(({ classAndType, words }) =>
    bytes(words * 4).map((data) => Uint8Array.of(...classAndType, words, ...data)),
  );
const geneveOptions = fc
  .array(option, { maxLength: 4 })
  .map((all) => Uint8Array.from(all.flatMap((one) => [...one])));

/** Outer headers of frames on a wire. */
export const tunnelHeader: fc.Arbitrary<TunnelHeader> = fc
  .record({
    kind: fc.constantFrom('geneve', 'vxlan'),
    addressBytes: fc.constantFrom(4, 16),
    port: fc.constantFrom(6081, 4789, 8472),
  })
  .chain(({ kind, addressBytes, port }) =>
    fc.record({
      kind: fc.constant(kind),
      ethernet: fc.record({ src: bytes(6), dst: bytes(6) }),
      src: bytes(addressBytes),
      dst: bytes(addressBytes),
      tos: byte,
      ttl: byte,
      doNotFragment: fc.boolean(),
      srcPort: fc.integer({ min: 1, max: 0xffff }),
      dstPort: fc.constant(port),
      hasChecksum: fc.boolean(),
      vni: fc.integer({ min: 0, max: 0xffffff }),
      options: kind === 'geneve' ? geneveOptions : fc.constant(new Uint8Array()),
    }),
  );
