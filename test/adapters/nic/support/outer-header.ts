import type { TunnelHeader, TunnelKind } from '../../../../engine/model/tunnel.ts';

/** Reads the outer headers of a frame in a tunnel; the frame must be whole. */
export function outerHeaderOf(frame: Buffer, kind: TunnelKind): TunnelHeader {
  const isIpv4 = frame.readUInt16BE(12) === 0x0800;
  const ip = frame.subarray(14);
  const datagram = ip.subarray(isIpv4 ? 20 : 40);
  const options = kind === 'geneve' ? (datagram[8] & 0x3f) * 4 : 0;
  return {
    kind,
    ethernet: { dst: frame.subarray(0, 6), src: frame.subarray(6, 12) },
    src: isIpv4 ? ip.subarray(12, 16) : ip.subarray(8, 24),
    dst: isIpv4 ? ip.subarray(16, 20) : ip.subarray(24, 40),
    tos: isIpv4 ? ip[1] : (ip.readUInt16BE(0) >> 4) & 0xff,
    ttl: isIpv4 ? ip[8] : ip[7],
    doNotFragment: isIpv4 && (ip[6] & 0x40) !== 0,
    srcPort: datagram.readUInt16BE(0),
    dstPort: datagram.readUInt16BE(2),
    hasChecksum: datagram.readUInt16BE(6) !== 0,
    vni: datagram.readUInt32BE(12) >>> 8,
    options: datagram.subarray(16, 16 + options),
  };
}
