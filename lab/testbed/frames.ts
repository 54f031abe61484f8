/** Builds Ethernet frames with checksums, for tests that compare bytes. */

/** Marker in the payload of every test frame, followed by a 32-bit sequence number. */
export const MARKER = Buffer.from('6e6f72696b616521', 'hex');

/** An 802.1Q or 802.1ad tag. */
export interface VlanTag {
  readonly tpid: number;
  readonly vid: number;
  readonly pcp: number;
}

/** The Ethernet header and the payload after the tags. */
export interface EthernetFrame {
  readonly src: string;
  readonly dst: string;
  readonly tags?: readonly VlanTag[];
  readonly etherType: number;
  readonly payload: Buffer;
}

/** Bytes of a MAC address like `02:00:00:00:00:01`. */
export function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}

/** An Ethernet frame without its FCS, padded to 60 bytes. */
export function ethernet(frame: EthernetFrame): Buffer {
  const tags = (frame.tags ?? []).map((tag) => u16s(tag.tpid, (tag.pcp << 13) | tag.vid));
  const all = [macBytes(frame.dst), macBytes(frame.src), ...tags, u16s(frame.etherType)];
  const bytes = Buffer.concat([...all, frame.payload]);
  return bytes.length >= 60 ? bytes : Buffer.concat([bytes, Buffer.alloc(60 - bytes.length)]);
}

/** Fields of an IP header. Addresses as bytes: 4 for IPv4, 16 for IPv6. */
export interface IpHeader {
  readonly src: Buffer;
  readonly dst: Buffer;
  readonly protocol: number;
  readonly ttl: number;
  readonly tos: number;
}

/** Additional fields of an IPv4 header. */
export interface Ipv4Extras {
  /** The flags and offset word, for instance 0x2000: more fragments follow; default 0. */
  readonly fragment?: number;
  /** Options, a multiple of 4 bytes. */
  readonly options?: Buffer;
}

/** An IPv4 packet (RFC 791). */
export function ipv4(
  header: IpHeader,
  identification: number,
  payload: Buffer,
  extras: Ipv4Extras = {},
): Buffer {
  const options = extras.options ?? Buffer.alloc(0);
  const bytes = Buffer.concat([Buffer.alloc(20), options]);
  bytes[0] = 0x40 | (bytes.length >> 2);
  bytes[1] = header.tos;
  bytes.writeUInt16BE(bytes.length + payload.length, 2);
  bytes.writeUInt16BE(identification, 4);
  bytes.writeUInt16BE(extras.fragment ?? 0, 6);
  bytes[8] = header.ttl;
  bytes[9] = header.protocol;
  header.src.copy(bytes, 12);
  header.dst.copy(bytes, 16);
  bytes.writeUInt16BE(checksum(bytes), 10);
  return Buffer.concat([bytes, payload]);
}

/** An IPv6 packet (RFC 8200) without extension headers. */
export function ipv6(header: IpHeader, flowLabel: number, payload: Buffer): Buffer {
  const bytes = Buffer.alloc(40);
  bytes.writeUInt32BE(((0x6 << 28) | (header.tos << 20) | flowLabel) >>> 0, 0);
  bytes.writeUInt16BE(payload.length, 4);
  bytes[6] = header.protocol;
  bytes[7] = header.ttl;
  header.src.copy(bytes, 8);
  header.dst.copy(bytes, 24);
  return Buffer.concat([bytes, payload]);
}

/** A UDP datagram (RFC 768) for that IP header. */
export function udp(ip: IpHeader, src: number, dst: number, data: Buffer): Buffer {
  const bytes = Buffer.concat([u16s(src, dst, 8 + data.length, 0), data]);
  bytes.writeUInt16BE(checksum(pseudo(ip, bytes)) || 0xffff, 6);
  return bytes;
}

/** A TCP segment (RFC 9293) without options for that IP header. */
export function tcp(
  ip: IpHeader,
  src: number,
  dst: number,
  sequence: number,
  flags: number,
  data: Buffer,
): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(src, 0);
  header.writeUInt16BE(dst, 2);
  header.writeUInt32BE(sequence, 4);
  header[12] = 5 << 4;
  header[13] = flags;
  header.writeUInt16BE(0xffff, 14);
  const bytes = Buffer.concat([header, data]);
  bytes.writeUInt16BE(checksum(pseudo(ip, bytes)), 16);
  return bytes;
}

/** An ICMP (RFC 792) or ICMPv6 (RFC 4443) echo request for that IP header. */
export function echoRequest(ip: IpHeader, identifier: number, data: Buffer): Buffer {
  const v6 = ip.src.length === 16;
  const bytes = Buffer.concat([u16s(v6 ? 0x8000 : 0x0800, 0, identifier, 1), data]);
  bytes.writeUInt16BE(checksum(v6 ? pseudo(ip, bytes) : bytes), 2);
  return bytes;
}

/** An ARP request (RFC 826). */
export function arpRequest(senderMac: string, sender: Buffer, target: Buffer): Buffer {
  const fixed = Buffer.concat([u16s(1, 0x0800), Buffer.from([6, 4]), u16s(1)]);
  return Buffer.concat([fixed, macBytes(senderMac), sender, Buffer.alloc(6), target]);
}

/**
 * A segment as a sender leaves it to its device (CHECKSUM_PARTIAL): its checksum is that of the pseudo
 * header alone.
 *
 * @param at offset of the checksum in the segment
 */
export function unfinished(ip: IpHeader, segment: Buffer, at: number): Buffer {
  const bytes = Buffer.from(segment);
  bytes.writeUInt16BE(~checksum(pseudo(ip, bytes, Buffer.alloc(0))) & 0xffff, at);
  return bytes;
}

/** The Internet checksum (RFC 1071) of bytes whose checksum field is zero. */
export function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** The pseudo header of a segment, and what is summed up with it. */
function pseudo(ip: IpHeader, segment: Buffer, summed = segment): Buffer {
  const length = Buffer.alloc(8);
  length.writeUInt32BE(segment.length, 0);
  length.writeUInt32BE(ip.protocol, 4);
  return Buffer.concat([ip.src, ip.dst, length, summed]);
}

function u16s(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, i) => bytes.writeUInt16BE(value, i * 2));
  return bytes;
}
