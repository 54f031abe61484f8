import { ipv6, type IpHeader } from './frames.ts';

/** Builds the headers of tunnels and of protocols that the kernel of the lab lacks. */

/** An SCTP packet (RFC 9260) with a correct CRC32c. */
export function sctp(src: number, dst: number, chunk: Buffer): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(src, 0);
  header.writeUInt16BE(dst, 2);
  const packet = Buffer.concat([header, chunk]);
  packet.writeUInt32LE(crc32c(packet), 8);
  return packet;
}

/** An SCTP DATA chunk (RFC 9260, section 3.3.1), padded to a multiple of 4 bytes. */
export function sctpData(sequence: number, data: Buffer): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt16BE(0x0003, 0);
  header.writeUInt16BE(16 + data.length, 2);
  header.writeUInt32BE(sequence, 4);
  return Buffer.concat([header, data, Buffer.alloc(-data.length & 3)]);
}

/** A GRE header (RFC 2784) without options in front of a payload. */
export function gre(etherType: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt16BE(etherType, 2);
  return Buffer.concat([header, payload]);
}

/** A VXLAN header (RFC 7348) in front of an Ethernet frame. */
export function vxlan(vni: number, frame: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(0x08000000, 0);
  header.writeUInt32BE(vni << 8, 4);
  return Buffer.concat([header, frame]);
}

/** A Geneve header (RFC 8926) with one option, as OVN sends it, in front of an Ethernet frame. */
export function geneve(vni: number, value: number, frame: Buffer): Buffer {
  const header = Buffer.from('0240655800000000'.concat('0102800100000000'), 'hex');
  header.writeUIntBE(vni, 4, 3);
  header.writeUInt32BE(value, 12);
  return Buffer.concat([header, frame]);
}

/**
 * An IPv6 packet with a segment routing header (RFC 8754).
 *
 * @param header its `dst` is the segment with index `left`
 * @param segments the last one first, as in the header
 * @param left segments that remain
 */
export function srv6(
  header: IpHeader,
  segments: readonly Buffer[],
  left: number,
  payload: Buffer,
): Buffer {
  const routing = Buffer.alloc(8);
  routing[0] = header.protocol;
  routing[1] = 2 * segments.length;
  routing[2] = 4;
  routing[3] = left;
  routing[4] = segments.length - 1;
  return ipv6({ ...header, protocol: 43 }, 0, Buffer.concat([routing, ...segments, payload]));
}

/** CRC32c (RFC 9260, appendix A) of bytes whose checksum field is zero. */
function crc32c(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}
