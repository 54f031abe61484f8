import assert from 'node:assert/strict';
import fc from 'fast-check';
import { blankPacket, type CaptureReader } from '../../../replay/input/capture.ts';
import { PcapReader } from '../../../replay/traces/pcap.ts';
import { PcapngReader } from '../../../replay/traces/pcapng.ts';
import { TraceDamaged } from '../../../replay/input/trace-error.ts';
import { pcapOf, PcapngWriter, type PacketSpec } from '../support/capture-writer.ts';

interface ReadPacket {
  readonly atMs: number;
  readonly data: readonly number[];
  readonly wireBytes: number;
  readonly link: number;
  readonly iface: number;
}

/** The packets that a reader returns, and its error. */
function read(reader: CaptureReader, bytes: Uint8Array, pieces: readonly number[] = []) {
  const packets: ReadPacket[] = [];
  const packet = blankPacket();
  let failure: unknown;
  try {
    let at = 0;
    for (const length of [...pieces, bytes.length]) {
      reader.push(bytes.subarray(at, at + length));
      at = Math.min(bytes.length, at + length);
      while (reader.next(packet)) {
        const { atMs, wireBytes, link, iface, data, from, to } = packet;
        packets.push({ atMs, wireBytes, link, iface, data: [...data.subarray(from, to)] });
      }
    }
    reader.end();
  } catch (error) {
    failure = error;
  }
  return { packets, failure };
}

const packet: fc.Arbitrary<PacketSpec> = fc.record({
  seconds: fc.nat(2 ** 32 - 1),
  units: fc.nat(999_999),
  data: fc.uint8Array({ maxLength: 80 }),
  wireBytes: fc.integer({ min: 80, max: 65_535 }),
});

describe('replay: captures', () => {
  it('pcap: reads both byte orders and both resolutions', () => {
    fc.assert(
      fc.property(
        fc.array(packet, { maxLength: 10 }),
        fc.boolean(),
        fc.boolean(),
        (packets, little, nanoseconds) => {
          const bytes = pcapOf(packets, { little, nanoseconds, link: 101 });
          const found = read(new PcapReader('trace'), bytes);
          assert.equal(found.failure, undefined);
          assert.deepEqual(
            found.packets,
            packets.map((p) => ({
              atMs: p.seconds * 1000 + (p.units * 1000) / (nanoseconds ? 1e9 : 1e6),
              data: [...p.data],
              wireBytes: p.wireBytes,
              link: 101,
              iface: 0,
            })),
          );
        },
      ),
    );
  });

  it('pcapng: reads both byte orders, resolutions, offsets and several sections', () => {
    fc.assert(
      fc.property(
        fc.array(packet, { maxLength: 8 }),
        fc.boolean(),
        fc.constantFrom(6, 9, 3, 0x80 | 10),
        fc.nat(1000),
        (packets, little, resolution, offset) => {
          const perSecond = resolution >= 0x80 ? 2 ** (resolution & 0x7f) : 10 ** resolution;
          const writer = new PcapngWriter(little).section();
          writer.iface({ name: 'first' });
          writer.iface({ name: 'eth0', resolution, offset: BigInt(offset), link: 113 });
          // An unknown block type.
          writer.block(0x0bad_cafe, (w) => w.u32(7));
          for (const p of packets) {
            const units = BigInt(p.seconds) * BigInt(perSecond) + BigInt(p.units % perSecond);
            writer.packet(1, units, p.data, p.wireBytes);
          }
          writer.section().iface({ name: 'again' });
          writer.packet(0, 5n, Uint8Array.of(1, 2, 3));
          const reader = new PcapngReader('trace');
          const found = read(reader, writer.done());
          assert.equal(found.failure, undefined);
          assert.equal(found.packets.length, packets.length + 1);
          for (const [i, p] of packets.entries()) {
            const f = found.packets[i];
            const expected =
              (p.seconds + offset) * 1000 + ((p.units % perSecond) * 1000) / perSecond;
            assert.ok(Math.abs(f.atMs - expected) < 0.01, `${f.atMs} is not ${expected}`);
            assert.deepEqual([f.link, f.iface, f.wireBytes], [113, 1, p.wireBytes]);
            assert.deepEqual(f.data, [...p.data]);
          }
          assert.equal(found.packets.at(-1)?.iface, 2);
          assert.equal(reader.interfaceName(2), 'again');
        },
      ),
    );
  });

  it('pcapng: a simple packet gets the time of the packet before and is cut at the snapshot length', () => {
    const writer = new PcapngWriter().section().iface({ snapLength: 4 });
    writer.packet(0, 2_000_000n, Uint8Array.of(9)).simple(Uint8Array.of(1, 2, 3, 4), 60);
    const { packets, failure } = read(new PcapngReader('trace'), writer.done());
    assert.equal(failure, undefined);
    assert.deepEqual(
      [packets[1].atMs, packets[1].wireBytes, packets[1].data],
      [2000, 60, [1, 2, 3, 4]],
    );
  });

  for (const format of ['pcap', 'pcapng'] as const) {
    const reader = (): CaptureReader =>
      format === 'pcap' ? new PcapReader('trace') : new PcapngReader('trace');
    const data = Uint8Array.from({ length: 21 }, (_, i) => i);
    const good =
      format === 'pcap'
        ? pcapOf([1, 2, 3].map((seconds) => ({ seconds, units: 5, data, wireBytes: 99 })))
        : new PcapngWriter()
            .section()
            .iface({ name: 'eth0' })
            .packet(0, 1n, data)
            .block(77, (w) => w.u32(1))
            .packet(0, 2n, data)
            .simple(data)
            .done();

    it(`${format}: gives the same packets for any chunks, and reports where a file is truncated`, () => {
      const whole = read(reader(), good);
      assert.equal(whole.packets.length, 3);
      assert.equal(whole.failure, undefined);
      for (let cut = 0; cut < good.length; cut++) {
        assert.deepEqual(read(reader(), good, [cut, 1]), whole);
        const { packets, failure } = read(reader(), good.subarray(0, cut));
        assert.deepEqual(packets, whole.packets.slice(0, packets.length));
        // A file that ends between two packets is valid.
        if (failure === undefined) continue;
        assert.ok(failure instanceof TraceDamaged);
        assert.ok(failure.offset <= cut, `${failure.message}, cut at ${cut}`);
      }
    });

    it(`${format}: reads arbitrary damage or fails with a TraceDamaged`, () => {
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 }),
          fc.uint8Array({ maxLength: 50 }),
          (changes, tail) => {
            const bytes = new Uint8Array([...good, ...tail]);
            for (const [at, value] of changes) bytes[at] = value;
            const { packets, failure } = read(reader(), bytes);
            assert.ok(failure === undefined || failure instanceof TraceDamaged, String(failure));
            for (const p of packets) assert.ok(p.atMs >= 0 && p.wireBytes >= p.data.length);
          },
        ),
        { numRuns: 1000 },
      );
    });
  }

  it('pcap: refuses a packet above the maximum length before its bytes arrive', () => {
    const bytes = pcapOf([]);
    const record = new Uint8Array(16).fill(0);
    new DataView(record.buffer).setUint32(8, 0x7fff_ffff, true);
    const { failure } = read(new PcapReader('trace'), new Uint8Array([...bytes, ...record]));
    assert.match(
      String(failure),
      /^TraceDamaged: trace at byte 24: the packet has 2147483647 captured bytes/,
    );
  });

  it('pcapng: skips a huge unknown block without buffering it and refuses a huge known one', () => {
    const reader = new PcapngReader('trace');
    reader.push(new PcapngWriter().section().done());
    const header = new Uint8Array(12);
    const view = new DataView(header.buffer);
    view.setUint32(0, 4711, true);
    view.setUint32(4, 0xffff_fff0, true);
    const packet = blankPacket();
    reader.push(header);
    const piece = new Uint8Array(1024 * 1024);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 64; i++) {
      reader.push(piece);
      assert.equal(reader.next(packet), false);
    }
    assert.ok(process.memoryUsage().arrayBuffers - before < 32e6);
    const known = new PcapngReader('trace');
    view.setUint32(0, 6, true);
    known.push(new Uint8Array([...new PcapngWriter().section().done(), ...header]));
    assert.throws(() => known.next(packet), /a block of type 6 with 4294967280 bytes is too long/);
  });

  it('pcapng: reports what is wrong with other files', () => {
    const of = (bytes: Uint8Array): string =>
      String(read(new PcapngReader('trace'), bytes).failure);
    assert.match(
      of(new Uint8Array(12)),
      /at byte 0: the file does not start with a section header/,
    );
    const packet = new PcapngWriter().section().packet(3, 1n, Uint8Array.of(1)).done();
    assert.match(of(packet), /there is no interface 3 in this section/);
    const version = new PcapngWriter().section().done();
    version[12] = 9;
    assert.match(of(version), /unsupported pcapng version 9/);
  });
});
