import type { FlowActions } from '../../../../engine/model/action.ts';
import {
  checksum,
  ethernet,
  ipv4,
  ipv6,
  MARKER,
  tcp,
  udp,
} from '../../../../lab/testbed/frames.ts';
import type { IpHeader, VlanTag } from '../../../../lab/testbed/frames.ts';
import { performed } from '../../nic/xdp/support/model.ts';

/** Ends of the packets of one direction of a connection, as they enter the vSwitch. */
export interface Ends {
  readonly srcMac: string;
  readonly dstMac: string;
  readonly tags: readonly VlanTag[];
  /** 6 or 17. */
  readonly protocol: number;
  readonly src: Buffer;
  readonly dst: Buffer;
  readonly srcPort: number;
  readonly dstPort: number;
}

/** What differs between the packets of a connection. */
export interface PacketDetails {
  readonly sequence: number;
  readonly flags: number;
  readonly ttl: number;
  readonly tos: number;
  /** Bytes after the marker. */
  readonly more: number;
}

/** A packet that can be captured, with its number in it. */
export function frameOf(ends: Ends, { sequence, flags, ttl, tos, more }: PacketDetails): Buffer {
  const { srcMac, dstMac, tags, protocol, src, dst, srcPort, dstPort } = ends;
  const header: IpHeader = { src, dst, protocol, ttl, tos };
  const data = Buffer.alloc(MARKER.length + 4 + more, 0x5a);
  MARKER.copy(data);
  data.writeUInt32BE(sequence, MARKER.length);
  const segment =
    protocol === 6
      ? tcp(header, srcPort, dstPort, 1000, flags, data)
      : udp(header, srcPort, dstPort, data);
  const isIpv4 = src.length === 4;
  const payload = isIpv4 ? ipv4(header, sequence & 0xffff, segment) : ipv6(header, 7, segment);
  const etherType = isIpv4 ? 0x0800 : 0x86dd;
  return ethernet({ src: srcMac, dst: dstMac, tags, etherType, payload });
}

/** The ends of the answer to a frame. */
export function answerTo(frame: Buffer): Ends {
  const mac = (at: number): string => frame.toString('hex', at, at + 6).replace(/..(?!$)/g, '$&:');
  const tags: VlanTag[] = [];
  let at = 12;
  for (; frame.readUInt16BE(at) === 0x8100; at += 4) {
    const tci = frame.readUInt16BE(at + 2);
    tags.push({ tpid: 0x8100, vid: tci & 0xfff, pcp: tci >> 13 });
  }
  const { src, dst, l4, protocol } = layersOf(frame);
  return {
    srcMac: mac(0),
    dstMac: mac(6),
    tags,
    protocol,
    src: Buffer.from(dst),
    dst: Buffer.from(src),
    srcPort: frame.readUInt16BE(l4 + 2),
    dstPort: frame.readUInt16BE(l4),
  };
}

interface Layers {
  readonly l3: number;
  readonly l4: number;
  readonly isIpv4: boolean;
  readonly protocol: number;
  readonly src: Buffer;
  readonly dst: Buffer;
}

function layersOf(frame: Buffer): Layers {
  let l3 = 14;
  while (frame.readUInt16BE(l3 - 2) === 0x8100) l3 += 4;
  const isIpv4 = frame.readUInt16BE(l3 - 2) === 0x0800;
  const [from, length] = isIpv4 ? [l3 + 12, 4] : [l3 + 8, 16];
  return {
    l3,
    l4: l3 + (isIpv4 ? 20 : 40),
    isIpv4,
    protocol: frame[l3 + (isIpv4 ? 9 : 6)],
    src: frame.subarray(from, from + length),
    dst: frame.subarray(from + length, from + 2 * length),
  };
}

/** The frame as an entry with these actions would send it. */
export function sentBy(frame: Buffer, actions: FlowActions): Buffer {
  const addresses = actions.filter(isTranslation);
  const bytes = performed(
    frame,
    actions.filter((action) => !isTranslation(action)),
  );
  const { l3, l4, isIpv4, protocol } = layersOf(bytes);
  for (const { field, value } of addresses) {
    const isSource = field.endsWith('_src');
    const isAddress = field.startsWith('ip');
    const address = isIpv4 ? l3 + (isSource ? 12 : 16) : l3 + (isSource ? 8 : 24);
    const at = isAddress ? address : l4 + (isSource ? 0 : 2);
    bytes.set(value, at);
  }
  if (addresses.length > 0) finish(bytes, l3, l4, isIpv4, protocol);
  return bytes;
}

interface Translation {
  readonly kind: 'set';
  readonly field: string;
  readonly value: Uint8Array;
}

function isTranslation(action: FlowActions[number]): action is FlowActions[number] & Translation {
  return action.kind === 'set' && /^(?:ipv[46]|tcp|udp)_(?:src|dst)$/.test(action.field);
}

/** Computes the checksums of IPv4, and of TCP or UDP, from all bytes. */
function finish(bytes: Buffer, l3: number, l4: number, isIpv4: boolean, protocol: number): void {
  const length = isIpv4 ? bytes.readUInt16BE(l3 + 2) - 20 : bytes.readUInt16BE(l3 + 4);
  const segment = bytes.subarray(l4, l4 + length);
  const { src, dst } = layersOf(bytes);
  if (isIpv4) {
    bytes.writeUInt16BE(0, l3 + 10);
    bytes.writeUInt16BE(checksum(bytes.subarray(l3, l4)), l3 + 10);
  }
  const at = protocol === 6 ? 16 : 6;
  segment.writeUInt16BE(0, at);
  const pseudo = Buffer.from([length >> 8, length & 0xff, 0, protocol]);
  const sum = checksum(Buffer.concat([src, dst, pseudo, segment]));
  segment.writeUInt16BE(protocol === 17 && sum === 0 ? 0xffff : sum, at);
}
