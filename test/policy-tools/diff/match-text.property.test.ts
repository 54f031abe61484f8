import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  exactMask,
  FIELD_BITS,
  type FieldMatch,
  type FieldName,
  fieldBytes,
} from '../../../engine/model/match.ts';
import { parseMatch } from '../../../policy-tools/diff/match-text.ts';
import { describeMatch } from '../../../views/describe-flow.ts';

const NAMES = Object.keys(FIELD_BITS).filter(
  (name): name is FieldName => name in FIELD_BITS && name !== 'vlan_tpid' && name !== 'ip_frag',
);

const field = fc
  .tuple(fc.constantFrom(...NAMES), fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.boolean())
  .chain(([name, bytes, exact]) =>
    fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bits): FieldMatch => {
      const full = exactMask(name);
      const length = fieldBytes(name);
      const some = full.map((byte, i) => byte & bits[i]);
      const mask = exact || some.every((byte) => byte === 0) ? full : some;
      return { field: name, value: bytes.slice(0, length).map((byte, i) => byte & mask[i]), mask };
    }),
  );

const match = fc
  .record({
    inPort: fc.constantFrom('vm1', 'tap-0', 'eth0.5'),
    fields: fc.uniqueArray(field, { selector: (f) => f.field, maxLength: 6 }),
    opaque: fc.constantFrom([], [{ name: 'recirc_id', text: '0x1,0x2' }]),
  })
  .map((m) => ({
    ...m,
    fields: m.fields.toSorted((a, b) => NAMES.indexOf(a.field) - NAMES.indexOf(b.field)),
  }));

describe('the match of a recorded tick', () => {
  it('is read as it was described', () => {
    fc.assert(
      fc.property(match, (m) => {
        const parsed = parseMatch(describeMatch(m));
        // Added because the description omits them.
        const fields = parsed?.fields.filter(
          (f) => f.field !== 'ip_frag' && f.field !== 'vlan_tpid',
        );
        assert.deepEqual({ ...parsed, fields }, m);
      }),
      { numRuns: 2000 },
    );
  });

  it('has the fields that descriptions omit', () => {
    const names = parseMatch('in_port=a,tcp,vlan_vid=5,tcp_dst=443')?.fields.map((f) => f.field);
    assert.deepEqual(names, [
      'vlan_tpid',
      'vlan_vid',
      'eth_type',
      'ip_proto',
      'ip_frag',
      'tcp_dst',
    ]);
  });

  for (const text of ['tcp', 'in_port=a,tcp_dst=70000', 'in_port=a,tcp_dst=1/0', 'in_port=a,b=1']) {
    it(`is not ${text}`, () => {
      assert.equal(parseMatch(text), undefined);
    });
  }
});
