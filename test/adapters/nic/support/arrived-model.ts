import fc from 'fast-check';
import type { FieldMatch, FieldName, TunnelMatch } from '../../../../engine/model/match.ts';
import type { TunnelHeader } from '../../../../engine/model/tunnel.ts';
import { checksum } from '../../../../lab/testbed/frames.ts';
import { exactly } from '../../../support/match-fields.ts';

/** What is to be seen of a frame in a tunnel. */
export interface OuterSeen {
  readonly fields: ReadonlyMap<FieldName, Uint8Array>;
  /** VXLAN's header, or Geneve's, and the options. */
  readonly tunnel: Buffer;
  readonly doNotFragment: boolean;
  readonly hasChecksum: boolean;
  /** Whether the vSwitch takes out such packets, and nothing about them is uncommon. */
  readonly isPlain: boolean;
  readonly inner: Buffer;
}

/**
 * A second, independent description of what the program sees of outer headers; undefined when the frame is in
 * no tunnel that it knows.
 *
 * @param port of the tunnels
 */
export function outerSeenOf(frame: Buffer, port: number): OuterSeen | undefined {
  const isIpv4 = frame.length >= 42 && frame.readUInt16BE(12) === 0x0800;
  if (!isIpv4 && (frame.length < 62 || frame.readUInt16BE(12) !== 0x86dd)) return undefined;
  const ip = frame.subarray(14);
  if (isIpv4 && (ip[0] !== 0x45 || ip[9] !== 17 || (ip.readUInt16BE(6) & 0x3fff) !== 0)) {
    return undefined;
  }
  if (!isIpv4 && (ip[0] >> 4 !== 6 || ip[6] !== 17)) return undefined;
  const datagram = ip.subarray(isIpv4 ? 20 : 40);
  if (datagram.length < 16 || datagram.readUInt16BE(2) !== port) return undefined;
  const isGeneve = datagram.readUInt16BE(10) === 0x6558;
  const options = isGeneve ? (datagram[8] & 0x3f) * 4 : 0;
  if (options > 64 || datagram.length < 16 + options) return undefined;
  const addresses = isIpv4 ? ip.subarray(12, 20) : ip.subarray(8, 40);
  const half = addresses.length / 2;
  const hasChecksum = datagram.readUInt16BE(6) !== 0;
  const length = Buffer.from([0, 17, datagram[4], datagram[5]]);
  const tos = isIpv4 ? ip[1] : (ip.readUInt16BE(0) >> 4) & 0xff;
  return {
    fields: new Map<FieldName, Uint8Array>([
      ['eth_dst', frame.subarray(0, 6)],
      ['eth_src', frame.subarray(6, 12)],
      ['eth_type', frame.subarray(12, 14)],
      [isIpv4 ? 'ipv4_src' : 'ipv6_src', addresses.subarray(0, half)],
      [isIpv4 ? 'ipv4_dst' : 'ipv6_dst', addresses.subarray(half)],
      ['ip_tos', Uint8Array.of(tos)],
      ['ip_ttl', Uint8Array.of(isIpv4 ? ip[8] : ip[7])],
      ['ip_proto', Uint8Array.of(17)],
      ['ip_frag', Uint8Array.of(0)],
      ['udp_dst', datagram.subarray(2, 4)],
    ]),
    tunnel: datagram.subarray(8, 16 + options),
    doNotFragment: isIpv4 && (ip[6] & 0x40) !== 0,
    hasChecksum,
    isPlain:
      (isIpv4 ? ip.readUInt16BE(2) : ip.readUInt16BE(4) + 40) === ip.length &&
      (!isIpv4 || checksum(ip.subarray(0, 20)) === 0) &&
      datagram.readUInt16BE(4) === datagram.length &&
      (!hasChecksum || checksum(Buffer.concat([addresses, length, datagram])) === 0) &&
      (tos & 3) !== 3,
    inner: datagram.subarray(16 + options),
  };
}

/** Whether a frame has arrived in such a tunnel. `sent`: the header of the match's own packets. */
export function isOfTunnel(match: TunnelMatch, sent: OuterSeen, seen: OuterSeen): boolean {
  return (
    seen.tunnel.equals(sent.tunnel) &&
    (match.doNotFragment ?? seen.doNotFragment) === seen.doNotFragment &&
    (match.hasChecksum ?? seen.hasChecksum) === seen.hasChecksum &&
    match.fields.every(({ field, value, mask }) => {
      const has = seen.fields.get(field);
      return has !== undefined && value.every((byte, i) => ((has[i] ^ byte) & mask[i]) === 0);
    })
  );
}

const OPTIONAL: readonly FieldName[] = [
  'eth_src',
  'eth_dst',
  'ipv4_src',
  'ipv4_dst',
  'ipv6_src',
  'ipv6_dst',
  'ip_proto',
  'ip_frag',
  'ip_ttl',
];

/** Matches of tunnels with these headers, with a random part of them as wildcards. */
export function tunnelMatchFor(
  { kind, vni, options }: TunnelHeader,
  seen: OuterSeen,
): fc.Arbitrary<TunnelMatch> {
  const masks = fc.record({
    kept: fc.array(fc.boolean(), { minLength: OPTIONAL.length, maxLength: OPTIONAL.length }),
    tos: fc.integer({ min: 0, max: 255 }),
    flags: fc.boolean(),
  });
  return masks.map(({ kept, tos, flags }) => {
    const fields: FieldMatch[] = [];
    for (const [field, value] of seen.fields) {
      if (field === 'ip_tos') {
        if (tos === 0) continue;
        fields.push({ field, value: Uint8Array.of(value[0] & tos), mask: Uint8Array.of(tos) });
      } else if (!OPTIONAL.includes(field) || kept[OPTIONAL.indexOf(field)]) {
        fields.push(exactly(field, value));
      }
    }
    const { doNotFragment, hasChecksum } = seen;
    return { kind, vni, options, fields, ...(flags ? { doNotFragment, hasChecksum } : {}) };
  });
}
