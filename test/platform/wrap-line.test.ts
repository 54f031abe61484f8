import assert from 'node:assert/strict';
import fc from 'fast-check';
import { displayWidth } from '../../platform/display-width.ts';
import { wrapLine } from '../../platform/wrap-line.ts';

describe('wrapLine', () => {
  it('divides at spaces, and indents the rest', () => {
    assert.deepEqual(wrapLine('  one two three four', 12), ['  one two', '    three', '    four']);
    assert.deepEqual(wrapLine('one two', 7), ['one two']);
    assert.deepEqual(wrapLine('one two three', 7), ['one two', 'three']);
  });

  it('divides a match behind its commas', () => {
    const match = 'match  in_port=vm1,tcp,ipv4_src=10.1.0.6,tcp_dst=443';
    assert.deepEqual(wrapLine(match, 30), [
      'match  in_port=vm1,tcp,',
      '  ipv4_src=10.1.0.6,',
      '  tcp_dst=443',
    ]);
  });

  it('divides a word that is too long', () => {
    assert.deepEqual(wrapLine('abcdefghijklmnop', 8), ['abcdefgh', '  ijklmn', '  op']);
  });

  it('loses no character, and exceeds no width', () => {
    const character = fc.constantFrom('a', 'b', ' ', ',', '東', 'é');
    const text = fc.array(character, { maxLength: 120 }).map((all) => all.join(''));
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 40 }), (line, width) => {
        const pieces = wrapLine(line, width);
        for (const piece of pieces) assert.ok(displayWidth(piece) <= width, piece);
        const bare = (part: string): string => part.replaceAll(' ', '');
        assert.equal(bare(pieces.join('')), bare(line));
      }),
    );
  });
});
