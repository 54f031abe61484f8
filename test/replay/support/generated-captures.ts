import { gzipSync } from 'node:zlib';
import type { Seeded } from '../../support/seeded.ts';
import { frameOf, ipv4Packet, ipv6Packet, pcapOf, PcapngWriter } from './capture-writer.ts';

/** A generated capture file. */
export interface GeneratedCapture {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** False if some packets have no time stamp (Simple Packet Blocks). */
  readonly hasTimes: boolean;
}

/** Link types (tcpdump.org/linktypes.html) with the header before an IPv4 packet. */
const LINKS: readonly (readonly [link: number, header: readonly number[]])[] = [
  [0, [2, 0, 0, 0]],
  [101, []],
  [108, [0, 0, 0, 2]],
  [113, [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0]],
  [228, []],
  [276, [8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0]],
];
const ETHERNET = 1;
const START_S = 1_700_000_000;

/** Values of `if_tsresol` and their units per second: powers of 10 and of 2. */
const RESOLUTIONS: readonly (readonly [byte: number, perSecond: number])[] = [
  [6, 1e6],
  [9, 1e9],
  [3, 1e3],
  [0x80 | 10, 1024],
];

/** A capture of kind `n` with random packets. */
export function generatedCapture(random: Seeded, n: number): GeneratedCapture {
  const kind = n % 2 === 0 ? pcap(random) : pcapng(random);
  if (n % 5 !== 4) return kind;
  return { ...kind, name: `${kind.name}.gz`, bytes: gzipSync(kind.bytes) };
}

function pcap(random: Seeded): GeneratedCapture {
  const nanoseconds = random.chance(0.5);
  const little = random.chance(0.5);
  const link = linkType(random);
  const snapLength = random.pick([262_144, 65_535, 96, 64]);
  const packets = times(random, nanoseconds ? 1e9 : 1e6).map(({ seconds, units }) => {
    const wire = packetOf(random, link);
    return { seconds, units, data: wire.subarray(0, snapLength), wireBytes: wire.length };
  });
  const bytes = pcapOf(packets, { little, nanoseconds, link, snapLength });
  return {
    name: `${nanoseconds ? 'ns' : 'us'}-${little ? 'le' : 'be'}-link${link}.pcap`,
    bytes,
    hasTimes: true,
  };
}

function pcapng(random: Seeded): GeneratedCapture {
  const little = random.chance(0.5);
  const writer = new PcapngWriter(little);
  const hasTimes = random.chance(0.7);
  const sections = random.pick([1, 1, 2]);
  for (let s = 0; s < sections; s++) {
    writer.section();
    const interfaces = Array.from({ length: random.between(1, 4) }, (_, i) => {
      const [resolution, perSecond] = random.pick(RESOLUTIONS);
      const offset = random.chance(0.3) ? random.between(1, 5000) : 0;
      const link = linkType(random);
      const snapLength = random.pick([0, 262_144, 96, 64]);
      writer.iface({ link, snapLength, name: `eth${i}`, resolution, offset: BigInt(offset) });
      return { link, snapLength, perSecond, offset };
    });
    for (const { seconds, fraction } of times(random, 1e9)) {
      if (random.chance(0.1)) writer.block(0x0bad_cafe, (w) => w.u32(random.next()));
      const number = random.below(interfaces.length);
      const { link, snapLength, perSecond, offset } = interfaces[number];
      const wire = packetOf(random, link);
      const data = snapLength === 0 ? wire : wire.subarray(0, snapLength);
      if (number === 0 && !hasTimes && random.chance(0.2)) {
        writer.simple(data, wire.length);
        continue;
      }
      const units =
        BigInt(seconds - offset) * BigInt(perSecond) + BigInt(Math.floor(fraction * perSecond));
      writer.packet(number, units, data, wire.length);
    }
  }
  return { name: `${little ? 'le' : 'be'}-${sections}.pcapng`, bytes: writer.done(), hasTimes };
}

/** Times of packets, mostly in order. */
function times(random: Seeded, perSecond: number) {
  let atS = START_S + random.below(1e6);
  return Array.from({ length: random.between(1, 400) }, () => {
    atS += random.chance(0.1) ? -random.below(3) : random.pick([0, 0, 0, 1]);
    const units = random.below(perSecond);
    return { seconds: atS, units, fraction: units / perSecond };
  });
}

function linkType(random: Seeded): number {
  return random.chance(0.5) ? ETHERNET : random.pick(LINKS)[0];
}

/** A packet as it was on the wire. */
function packetOf(random: Seeded, link: number): Uint8Array {
  const parts = {
    proto: random.pick([6, 17, 1, 132]),
    sport: random.between(1, 65_535),
    dport: random.pick([53, 80, 443]),
    payload: random.pick([0, 20, 500, 1400]) + random.below(40),
    fragment: random.pick([0, 0, 0x4000, 0x2000, 0x00b9]),
  };
  if (link !== ETHERNET) {
    const header = LINKS.find(([type]) => type === link)?.[1] ?? [];
    return Uint8Array.from([...header, ...ipv4Packet(parts)]);
  }
  const vlans = Array.from({ length: random.pick([0, 0, 1, 2]) }, () => random.between(1, 4094));
  if (random.chance(0.1)) return frameOf(random.bytes(random.between(0, 46)), 0x0806, vlans);
  return random.chance(0.6)
    ? frameOf(ipv4Packet(parts), 0x0800, vlans)
    : frameOf(ipv6Packet(parts, random.pick([[], [0], [60, 43], [44]])), 0x86dd, vlans);
}
