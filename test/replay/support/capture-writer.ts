/** A packet to write. */
export interface PacketSpec {
  /** Time stamp: seconds, and units of the file's resolution. */
  readonly seconds: number;
  readonly units: number;
  readonly data: Uint8Array;
  readonly wireBytes: number;
}

/** A pcap file. */
export function pcapOf(
  packets: readonly PacketSpec[],
  { little = true, nanoseconds = false, link = 1, snapLength = 262_144 } = {},
): Uint8Array {
  const writer = new Writer(little);
  writer.u32(nanoseconds ? 0xa1b2_3c4d : 0xa1b2_c3d4);
  writer.u16(2);
  writer.u16(4);
  for (const value of [0, 0, snapLength, link]) writer.u32(value);
  for (const p of packets) {
    for (const value of [p.seconds, p.units, p.data.length, p.wireBytes]) writer.u32(value);
    writer.raw(p.data);
  }
  return writer.done();
}

/** Builds a pcapng file block by block. */
export class PcapngWriter {
  readonly #writer: Writer;

  constructor(little = true) {
    this.#writer = new Writer(little);
  }

  done(): Uint8Array {
    return this.#writer.done();
  }

  section(): this {
    return this.block(0x0a0d_0d0a, (w) => {
      w.u32(0x1a2b_3c4d);
      w.u16(1);
      w.u16(0);
      w.u32(0xffff_ffff);
      w.u32(0xffff_ffff);
    });
  }

  /** `resolution`: the byte of if_tsresol; default: microseconds. */
  iface({ link = 1, snapLength = 0, name = '', resolution = -1, offset = 0n } = {}): this {
    return this.block(1, (w) => {
      w.u16(link);
      w.u16(0);
      w.u32(snapLength);
      if (name !== '') w.option(2, new TextEncoder().encode(name));
      if (resolution >= 0) w.option(9, Uint8Array.of(resolution));
      if (offset !== 0n) {
        const value = new Uint8Array(8);
        new DataView(value.buffer).setBigInt64(0, offset, w.little);
        w.option(14, value);
      }
      w.option(0, new Uint8Array(0));
    });
  }

  packet(iface: number, units: bigint, data: Uint8Array, wireBytes = data.length): this {
    return this.block(6, (w) => {
      w.u32(iface);
      w.u32(Number(units >> 32n));
      w.u32(Number(units & 0xffff_ffffn));
      w.u32(data.length);
      w.u32(wireBytes);
      w.padded(data);
      w.option(1, new TextEncoder().encode('a comment'));
      w.option(0, new Uint8Array(0));
    });
  }

  simple(data: Uint8Array, wireBytes = data.length): this {
    return this.block(3, (w) => {
      w.u32(wireBytes);
      w.padded(data);
    });
  }

  block(type: number, body: (writer: Writer) => void): this {
    const inner = new Writer(this.#writer.little);
    body(inner);
    const bytes = inner.done();
    this.#writer.u32(type);
    this.#writer.u32(bytes.length + 12);
    this.#writer.raw(bytes);
    this.#writer.u32(bytes.length + 12);
    return this;
  }
}

class Writer {
  readonly little: boolean;
  readonly #bytes: number[] = [];

  constructor(little: boolean) {
    this.little = little;
  }

  u16(value: number): void {
    const bytes = [value & 0xff, value >> 8];
    this.#bytes.push(...(this.little ? bytes : bytes.toReversed()));
  }

  u32(value: number): void {
    const bytes = [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
    this.#bytes.push(...(this.little ? bytes : bytes.toReversed()));
  }

  raw(bytes: Uint8Array): void {
    for (const byte of bytes) this.#bytes.push(byte);
  }

  padded(bytes: Uint8Array): void {
    this.raw(bytes);
    while (this.#bytes.length % 4 !== 0) this.#bytes.push(0);
  }

  option(code: number, value: Uint8Array): void {
    this.u16(code);
    this.u16(value.length);
    this.padded(value);
  }

  done(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

/** Header fields of a packet. */
export interface FrameParts {
  /** VLAN ids, outermost first. */
  readonly vlans?: readonly number[];
  readonly proto?: number;
  readonly sport?: number;
  readonly dport?: number;
  /** Bytes after the headers. */
  readonly payload?: number;
  /** IPv4 flags and fragment offset. */
  readonly fragment?: number;
}

const DST = [0x02, 0, 0, 0, 0, 2];
const SRC = [0x02, 0, 0, 0, 0, 1];

/** An IPv4 packet from 10.0.0.1 to 10.0.0.2. */
export function ipv4Packet(parts: FrameParts = {}): Uint8Array {
  const { proto = 6, sport = 1000, dport = 80, payload = 20, fragment = 0 } = parts;
  const header = [0x45, 0, 0, 0, 0, 0, fragment >> 8, fragment & 0xff, 64, proto, 0, 0];
  const addresses = [10, 0, 0, 1, 10, 0, 0, 2];
  const ports = [sport >> 8, sport & 0xff, dport >> 8, dport & 0xff];
  return Uint8Array.from([...header, ...addresses, ...ports, ...zeros(payload)]);
}

/** An IPv6 packet from fd00::1 to fd00::2 with these extension headers. */
export function ipv6Packet(parts: FrameParts = {}, extensions: readonly number[] = []): Uint8Array {
  const { proto = 17, sport = 1000, dport = 53, payload = 4 } = parts;
  const kinds = [...extensions, proto];
  const header = [0x60, 0, 0, 0, 0, 0, kinds[0], 64];
  const addresses = [1, 2].flatMap((last) => [0xfd, ...zeros(14), last]);
  const between = extensions.flatMap((_, i) => [kinds[i + 1], ...zeros(7)]);
  const ports = [sport >> 8, sport & 0xff, dport >> 8, dport & 0xff];
  return Uint8Array.from([...header, ...addresses, ...between, ...ports, ...zeros(payload)]);
}

function zeros(length: number): readonly number[] {
  return Array.from({ length }, () => 0);
}

/** An Ethernet frame around a packet. */
export function frameOf(
  packet: Uint8Array,
  type: number,
  vlans: readonly number[] = [],
): Uint8Array {
  const tags = vlans.flatMap((vid) => [0x81, 0, vid >> 8, vid & 0xff]);
  return Uint8Array.from([...DST, ...SRC, ...tags, type >> 8, type & 0xff, ...packet]);
}
