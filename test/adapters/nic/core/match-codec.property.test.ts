import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EncodedMatch, encodeMatch } from '../../../../adapters/nic/core/match-codec.ts';
import { FIELD_BITS, fieldBytes } from '../../../../engine/model/match.ts';
import type { FieldMatch, FieldName } from '../../../../engine/model/match.ts';

/** Values of which few combinations are refused, and masks: exact, or half of the bits. */
const VALUES: Readonly<Partial<Record<FieldName, readonly number[]>>> = {
  eth_type: [0x0800, 0x86dd, 0x8100],
  ip_proto: [6, 17],
  ip_frag: [0, 1],
  vlan_tpid: [0x8100, 0x1234],
  vlan_vid: [5, 4000],
  vlan_pcp: [1, 7],
  eth_src: [1, 0xfedc],
  ipv4_src: [0x0a000001, 0x0a0000ff],
  ipv4_dst: [0x0a000002, 0x0aff0000],
  tcp_dst: [80, 443],
  udp_dst: [53, 4789],
};
const NAMES: readonly FieldName[] = ['eth_type', 'ip_proto', 'ip_frag', 'eth_src', 'ipv4_src'];
const MORE: readonly FieldName[] = [
  'vlan_tpid',
  'vlan_vid',
  'vlan_pcp',
  'ipv4_dst',
  'tcp_dst',
  'udp_dst',
];

/** One object for each field with the same value and mask, as in flows that a dump is parsed to. */
const POOL = new Map<string, FieldMatch>();

function fieldMatch(field: FieldName, value: number, isExact: boolean): FieldMatch {
  const key = `${field} ${value} ${isExact}`;
  const known = POOL.get(key);
  if (known !== undefined) return known;
  const bytes = fieldBytes(field);
  const of = (n: number): Uint8Array =>
    Uint8Array.from({ length: bytes }, (_, i) => Math.floor(n / 256 ** (bytes - 1 - i)) % 256);
  const full = of(2 ** FIELD_BITS[field] - 1);
  const mask = isExact ? full : full.map((byte) => byte & 0x0f);
  const made = { field, value: of(value).map((byte, i) => byte & mask[i]), mask };
  POOL.set(key, made);
  return made;
}

const matchOf = (field: FieldName): fc.Arbitrary<FieldMatch> =>
  fc
    .tuple(fc.constantFrom(...(VALUES[field] ?? [0])), fc.boolean())
    .map(([value, isRough]) => fieldMatch(field, value, !isRough || field === 'eth_type'));

/** Matches on the same few sets of fields, so that most follow one on the same fields. */
const FIELDS = fc
  .subarray([...MORE], { maxLength: 3 })
  .chain((more) => fc.tuple(...[...NAMES, ...more].map(matchOf)));

describe('encoded matches', () => {
  it('are the same after any other match as alone', () => {
    const reused = new EncodedMatch();
    fc.assert(
      fc.property(fc.array(FIELDS, { minLength: 1 }), fc.nat({ max: 3 }), (series, repeats) => {
        for (const fields of series) {
          for (let n = 0; n <= repeats; n++) {
            const match = { inPort: 'vm1', fields, opaque: [] };
            const alone = new EncodedMatch();
            const expected = encodeMatch(match, alone);
            assert.deepEqual(encodeMatch(match, reused), expected);
            if (expected !== undefined) continue;
            assert.deepEqual(reused.fields, alone.fields);
            assert.deepEqual(reused.mask, alone.mask);
            assert.deepEqual(reused.kind, alone.kind);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('are the same when only some values and masks differ', () => {
    const reused = new EncodedMatch();
    const varied = fc.tuple(matchOf('eth_src'), matchOf('ipv4_src'), matchOf('tcp_dst'));
    const fixed = [fieldMatch('eth_type', 0x0800, true), fieldMatch('ip_proto', 6, true)];
    fc.assert(
      fc.property(varied, (some) => {
        const match = { inPort: 'vm1', fields: [...fixed, ...some], opaque: [] };
        const alone = new EncodedMatch();
        assert.equal(encodeMatch(match, alone), undefined);
        assert.equal(encodeMatch(match, reused), undefined);
        assert.deepEqual([reused.fields, reused.mask], [alone.fields, alone.mask]);
      }),
    );
  });
});
