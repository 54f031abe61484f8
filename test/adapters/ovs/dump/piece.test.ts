import assert from 'node:assert/strict';
import fc from 'fast-check';
import { estimateLines } from '../../../../adapters/ovs/dump/lines.ts';
import { Literal } from '../../../../adapters/ovs/dump/literal.ts';
import { spaceOrBackslash } from '../../../../adapters/ovs/dump/scan.ts';

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Bytes among which are those whose numbers are equal or no numbers: 0, -0, NaN. */
const bytes = fc
  .array(fc.oneof(fc.nat(255), fc.constantFrom(0, 0x80, 0xff, 0x7f, 0xf0, 0x20, 0x5c, 0x61)), {
    maxLength: 40,
  })
  .map((numbers) => Buffer.from(numbers));

describe('literals', () => {
  it('match where their bytes are, and nowhere else', () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, (before, text, behind) => {
        const whole = Buffer.concat([before, text, behind]);
        const piece = new Literal(text);
        for (let at = 0; at + text.length <= whole.length; at++) {
          const expected = whole.subarray(at, at + text.length).equals(text);
          assert.equal(piece.standsAt(viewOf(whole), at), expected);
        }
      }),
    );
  });

  it('differ by any single bit', () => {
    fc.assert(
      fc.property(bytes, fc.nat(1000), (text, n) => {
        fc.pre(text.length > 0);
        const piece = new Literal(text);
        const other = Buffer.from(text);
        other[n % text.length] ^= 1 << (n & 7);
        assert.equal(piece.standsAt(viewOf(text), 0), true);
        assert.equal(piece.standsAt(viewOf(other), 0), false);
      }),
    );
    const zeros = Buffer.alloc(8);
    assert.equal(
      new Literal(zeros).standsAt(viewOf(Buffer.of(0, 0, 0, 0, 0, 0, 0, 0x80)), 0),
      false,
    );
  });

  it('end at a space or backslash', () => {
    fc.assert(
      fc.property(bytes, fc.nat(40), (text, from) => {
        const padded = Buffer.concat([text, Buffer.alloc(4, ' ')]);
        const expected = text.findIndex((b, i) => i >= from && (b === 0x20 || b === 0x5c));
        assert.equal(spaceOrBackslash(viewOf(padded), from, text.length), expected);
      }),
    );
  });
});

describe('the lines of a dump', () => {
  it('are estimated from its first ones, slightly too high', () => {
    for (const [lines, length] of [
      [1, 30],
      [10, 400],
      [5000, 500],
    ]) {
      const text = Buffer.from(`${'x'.repeat(length - 2)}\\n`.repeat(lines), 'latin1');
      const guess = estimateLines(text);
      assert.ok(guess >= lines && guess <= lines * 1.2 + 3, `${guess} for ${lines}`);
    }
    assert.ok(estimateLines(Buffer.alloc(0)) <= 2);
  });
});
