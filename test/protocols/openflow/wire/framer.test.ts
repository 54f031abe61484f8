import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BadOpenFlowHeader, Framer } from '../../../../protocols/openflow/wire/framer.ts';

function message(length: number, fill = 7): Uint8Array {
  const bytes = new Uint8Array(length).fill(fill);
  bytes.set([4, 2, length >> 8, length & 0xff]);
  return bytes;
}

describe('openflow framer', () => {
  it('returns a message once its last byte has arrived', () => {
    const framer = new Framer();
    const bytes = message(20);
    for (let i = 0; i < 19; i++) assert.deepEqual(framer.push(bytes.subarray(i, i + 1)), []);
    assert.equal(framer.pending, 19);
    assert.deepEqual(framer.push(bytes.subarray(19)), [bytes]);
    assert.equal(framer.pending, 0);
  });

  it('cuts a chunk with several messages and keeps the rest', () => {
    const framer = new Framer();
    const [a, b, c] = [message(8), message(65535, 1), message(9, 2)];
    const stream = Buffer.concat([a, b, c]);
    const first = framer.push(stream.subarray(0, stream.length - 4));
    assert.deepEqual(
      first.map((m) => m.length),
      [8, 65535],
    );
    assert.deepEqual(framer.push(stream.subarray(stream.length - 4)), [c]);
  });

  it('keeps no more than a message and a chunk, however long the stream', () => {
    const framer = new Framer();
    const stream = Buffer.concat(Array.from({ length: 50 }, (_, i) => message(60_000, i)));
    let count = 0;
    for (let at = 0; at < stream.length; at += 50_001) {
      count += framer.push(stream.subarray(at, at + 50_001)).length;
      assert.ok(framer.pending < 60_000);
    }
    assert.equal(count, 50);
  });

  it('refuses what cannot be a header, and everything after it', () => {
    const bad = [
      Uint8Array.of(4, 0, 0, 7, 0, 0, 0, 0),
      Uint8Array.of(0, 0, 0, 8, 0, 0, 0, 0),
      Buffer.from('GET / HTTP/1.1\r\n'),
    ];
    for (const bytes of bad) {
      const framer = new Framer();
      assert.throws(() => framer.push(bytes), BadOpenFlowHeader);
      assert.throws(() => framer.push(message(8)), BadOpenFlowHeader);
      assert.ok(framer.pending <= 16);
    }
  });

  it('refuses a message over its limit before it has been received', () => {
    const framer = new Framer(1000);
    assert.deepEqual(framer.push(message(1000)).length, 1);
    assert.throws(() => framer.push(message(1001).subarray(0, 8)), /length 1001 is over 1000/);
  });

  it('random bytes: messages or a typed error, and nothing kept beyond the limit', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (chunks) => {
        const framer = new Framer(256);
        for (const chunk of chunks) {
          try {
            framer.push(chunk);
          } catch (error) {
            assert.ok(error instanceof BadOpenFlowHeader);
          }
          assert.ok(framer.pending <= 256 + 200);
        }
      }),
    );
  });
});
