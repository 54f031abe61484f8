import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  decodeFlowSpec,
  encodeFlowSpec,
  FLOW_SPEC_BYTES,
  locationOf,
  ReceiveKeyInvalid,
} from '../../../protocols/ethtool/flow-spec.ts';
import type { ReceiveFilter, ReceiveKey } from '../../../protocols/ethtool/receive-filter.ts';

const port = fc.integer({ min: 0, max: 0xffff });
const digits = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((address) => Buffer.from(address).toString('hex'));
const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });

const ip = (kinds: readonly ReceiveKey['kind'][], bytes: number) =>
  fc.record({
    kind: fc.constantFrom(...kinds),
    source: optional(digits(bytes)),
    destination: optional(digits(bytes)),
    sourcePort: optional(port),
    destinationPort: optional(port),
    destinationMac: optional(digits(6)),
    vlan: optional(fc.integer({ min: 0, max: 4_095 })),
  });
const ether = fc.record({
  kind: fc.constant('ether' as const),
  sourceMac: optional(digits(6)),
  destinationMac: optional(digits(6)),
  etherType: optional(port),
  vlan: optional(fc.integer({ min: 0, max: 4_095 })),
});
const key = fc
  .oneof(ip(['tcp4', 'udp4', 'sctp4'], 4), ip(['tcp6', 'udp6', 'sctp6'], 16), ether)
  .map((fields): ReceiveKey => withoutUndefined(fields));
const filter: fc.Arbitrary<ReceiveFilter> = fc
  .record({
    key,
    vf: optional(fc.integer({ min: 0, max: 254 })),
    queue: fc.integer({ min: 0, max: 0xffff_fff0 }),
  })
  .map(({ key: of, vf, queue }) => ({
    key: of,
    target: vf === undefined ? { queue } : { vf, queue },
  }));

/** A copy without the fields that are undefined. */
function withoutUndefined<T extends object>(
  fields: T,
): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  return JSON.parse(JSON.stringify(fields));
}

const UDP: ReceiveFilter = {
  key: {
    kind: 'udp4',
    source: '0a4d0001',
    destination: '0a4e0001',
    sourcePort: 1_001,
    destinationPort: 2_001,
  },
  target: { vf: 1, queue: 0 },
};

describe('flow specs of receive filters (ethtool_rx_flow_spec)', () => {
  it('have the layout of linux/ethtool.h', () => {
    const spec = encodeFlowSpec(UDP, 0xffff_ffff);
    const expected = Buffer.alloc(FLOW_SPEC_BYTES);
    expected.writeUInt32LE(2, 0);
    expected.write('0a4d00010a4e000103e907d1', 4, 'hex');
    expected.fill(0xff, 76, 88);
    // The second virtual function.
    expected.writeUInt32LE(2, 156);
    expected.writeUInt32LE(0xffff_ffff, 160);
    assert.equal(spec.toString('hex'), expected.toString('hex'));
    assert.equal(locationOf(spec), 0xffff_ffff);
  });

  it('put MAC addresses and VLANs of IP kinds into the extension', () => {
    const spec = encodeFlowSpec(
      { key: { kind: 'tcp4', destinationMac: '020900000001', vlan: 7 }, target: { queue: 3 } },
      5,
    );
    assert.equal(spec.readUInt32LE(0), 0xc000_0001);
    assert.equal(spec.toString('hex', 58, 64), '020900000001');
    assert.equal(spec.toString('hex', 66, 68), '0007');
    assert.equal(spec.toString('hex', 130, 136), 'ffffffffffff');
    assert.equal(spec.toString('hex', 138, 140), '0fff');
    assert.equal(spec.readBigUInt64LE(152), 3n);
  });

  it('are read as they were written', () => {
    fc.assert(
      fc.property(filter, fc.nat(0xffff_ffff), (written, location) => {
        const spec = encodeFlowSpec(written, location);
        assert.deepEqual(decodeFlowSpec(spec), written);
        assert.equal(locationOf(spec), location);
      }),
    );
  });

  it('with a bit of a mask that no key has are not read', () => {
    const bits = fc.nat(72 * 8 - 1);
    fc.assert(
      fc.property(filter, bits, (written, bit) => {
        const spec = encodeFlowSpec(written, 0);
        // With both extensions, no part of the masks is without meaning.
        spec.writeUInt32LE((spec.readUInt32LE(0) | 0xc000_0000) >>> 0, 0);
        const at = 76 + (bit >> 3);
        const before = spec[at] ?? 0;
        spec[at] = before ^ (1 << (bit & 7));
        const read = decodeFlowSpec(spec);
        // A field of one byte is not among those of keys, so one bit makes no key of another.
        assert.equal(read, undefined);
      }),
    );
  });

  it('of other kinds, and those that drop, are not read', () => {
    const spec = encodeFlowSpec(UDP, 0);
    spec.writeBigUInt64LE(0xffff_ffff_ffff_ffffn, 152);
    assert.equal(decodeFlowSpec(spec), undefined);
    const other = encodeFlowSpec(UDP, 0);
    other.writeUInt32LE(0x0d, 0);
    assert.equal(decodeFlowSpec(other), undefined);
  });

  it('refuse keys with fields that their kind lacks, or of a wrong length', () => {
    for (const wrong of [
      { kind: 'ether', sourcePort: 1 },
      { kind: 'tcp4', sourceMac: '020900000001' },
      { kind: 'tcp4', source: '20010db8000000000000000000000001' },
      { kind: 'tcp6', destination: '0a4d0001' },
      { kind: 'udp4', destinationPort: 70_000 },
      { kind: 'udp4', vlan: 4_096 },
    ] as const) {
      assert.throws(
        () => encodeFlowSpec({ key: wrong, target: { queue: 0 } }, 0),
        ReceiveKeyInvalid,
      );
    }
  });
});
