import assert from 'node:assert/strict';
import fc from 'fast-check';
import { memberSpans } from '../../../protocols/unixctl/reply.ts';
import { FrameGarbage, FrameTooLarge, JsonFramer } from '../../../protocols/json-rpc/framing.ts';

/** What comes out when the bytes arrive in these pieces. */
function framed(pieces: readonly Uint8Array[], limit = 1 << 20): string[] {
  const framer = new JsonFramer(limit);
  const found: string[] = [];
  for (const piece of pieces) {
    framer.push(piece);
    for (let m = framer.next(); m !== undefined; m = framer.next()) found.push(m.toString('utf8'));
  }
  return found;
}

/** The bytes in pieces that end at `cuts`. */
function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts.map((c) => c % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
}

const anyObject = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }));

describe('JSON framing', () => {
  it('frees the memory of a large message after some small ones', () => {
    const framer = new JsonFramer(1 << 26);
    const exchange = (bytes: number): void => {
      framer.push(Buffer.from(`{"a":"${'x'.repeat(bytes)}"}`));
      assert.equal(framer.next()?.length, bytes + 8);
    };
    exchange(1 << 24);
    assert.ok(framer.capacity > 1 << 24);
    for (let i = 0; i < 4; i++) exchange(1 << 10);
    assert.ok(framer.capacity > 1 << 24, 'it may come again');
    for (let i = 0; i < 20; i++) exchange(1 << 10);
    assert.ok(framer.capacity <= 1 << 16, `${framer.capacity} bytes`);
    exchange(1 << 20);
    exchange(1 << 10);
  });

  it('finds messages whatever pieces they arrive in', () => {
    fc.assert(
      fc.property(
        fc.array(anyObject, { maxLength: 5 }),
        fc.array(fc.nat(10_000), { maxLength: 20 }),
        fc.constantFrom('', '\n', ' \r\n\t'),
        (objects, cuts, between) => {
          const texts = objects.map((o) => JSON.stringify(o));
          const bytes = Buffer.from(texts.map((t) => between + t).join(''), 'utf8');
          assert.deepEqual(framed(cut(bytes, cuts)), texts);
        },
      ),
    );
  });

  it('finds a message cut at any byte, escapes and quotes in it included', () => {
    const text = JSON.stringify({ a: 'x\\', b: 'y"]}{', c: ['\\"', { d: '\\\\' }], e: '\u0001' });
    const bytes = Buffer.from(text + text, 'utf8');
    for (let at = 0; at <= bytes.length; at++) {
      assert.deepEqual(framed([bytes.subarray(0, at), bytes.subarray(at)]), [text, text]);
    }
    assert.deepEqual(framed(Array.from(bytes, (byte) => Uint8Array.of(byte))), [text, text]);
  });

  it('reuses its buffer for each message', () => {
    const big = JSON.stringify({ result: 'x'.repeat(100_000) });
    const pieces = Array.from({ length: 50 }, () => cut(Buffer.from(big), [1000, 65_536]));
    assert.equal(framed(pieces.flat()).length, 50);
  });

  it('refuses bytes that do not begin an object', () => {
    for (const text of ['hello', '[1]', '"x"', '}', '{}x']) {
      assert.throws(() => framed([Buffer.from(text)]), FrameGarbage);
    }
  });

  it('refuses a message above the limit before it is complete', () => {
    const framer = new JsonFramer(1000);
    assert.throws(() => {
      for (let i = 0; i < 100; i++) {
        framer.push(Buffer.from(i === 0 ? '{"a":"' : 'x'.repeat(100)));
        framer.next();
      }
    }, FrameTooLarge);
  });
});

describe('members of a reply', () => {
  it('are found where JSON.parse finds them', () => {
    fc.assert(
      fc.property(anyObject, fc.constantFrom(0, 2), (object, indent) => {
        const bytes = Buffer.from(JSON.stringify(object, null, indent), 'utf8');
        const spans = memberSpans(bytes);
        assert.ok(spans !== undefined);
        const names = Object.keys(object).filter((k) => JSON.stringify(k) === `"${k}"`);
        for (const name of names) {
          const span = spans.get(name);
          assert.ok(span !== undefined);
          assert.deepEqual(
            JSON.parse(bytes.toString('utf8', span.start, span.end)),
            JSON.parse(JSON.stringify(object[name])),
          );
        }
      }),
    );
  });

  it('are undefined for bytes that are not an object', () => {
    for (const text of ['{"a"}', '{"a":', '{"a:1}', '{a:1}', '{']) {
      assert.equal(memberSpans(Buffer.from(text)), undefined);
    }
  });
});
