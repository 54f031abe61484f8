import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ChannelViolation } from '../../../protocols/guest-channel/codec/errors.ts';
import { LineSplitter } from '../../../protocols/guest-channel/codec/lines.ts';

describe('lines of the guest channel', () => {
  it('are the same wherever the stream is cut', () => {
    const stream = Buffer.from('{"a":1}\n\n{"b":"日本"}\nx\n');
    const expected = ['{"a":1}', '', '{"b":"日本"}', 'x'];
    for (let cut = 0; cut <= stream.length; cut++) {
      const splitter = new LineSplitter(100);
      const lines = [
        ...splitter.push(stream.subarray(0, cut)),
        ...splitter.push(stream.subarray(cut)),
      ];
      assert.deepEqual(lines, expected);
    }
  });

  it('are the same in chunks of any size', () => {
    const line = fc.string({ maxLength: 9_000 }).filter((text) => !text.includes('\n'));
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 5 }),
        fc.integer({ min: 1, max: 5_000 }),
        (lines, size) => {
          const stream = Buffer.from(lines.map((text) => `${text}\n`).join(''));
          const splitter = new LineSplitter(100_000);
          const read: string[] = [];
          for (let at = 0; at < stream.length; at += size) {
            read.push(...splitter.push(stream.subarray(at, at + size)));
          }
          assert.deepEqual(read, lines);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('end the stream beyond the limit, with no more memory than that', () => {
    const splitter = new LineSplitter(10_000);
    const chunk = Buffer.alloc(999, 'x');
    assert.throws(() => {
      for (let i = 0; i < 20; i++) assert.deepEqual([...splitter.push(chunk)], []);
    }, ChannelViolation);
    assert(splitter.capacity <= 10_000);
    assert.throws(
      () => [...new LineSplitter(10).push(Buffer.from('0123456789a\n'))],
      ChannelViolation,
    );
    assert.deepEqual([...new LineSplitter(10).push(Buffer.from('0123456789\n'))], ['0123456789']);
  });

  it('give back the memory of a long line', () => {
    const splitter = new LineSplitter(100_000);
    const [line] = splitter.push(Buffer.from(`${'x'.repeat(50_000)}\n`));
    assert.equal(line.length, 50_000);
    assert(splitter.capacity <= 4_096);
  });

  it('of single bytes copy each byte a bounded number of times', () => {
    const splitter = new LineSplitter(1 << 20);
    const byte = Buffer.from('x');
    let copied = 0;
    let capacity = splitter.capacity;
    for (let i = 0; i < 1 << 18; i++) {
      for (const line of splitter.push(byte)) assert.fail(line);
      if (splitter.capacity !== capacity) copied += i;
      capacity = splitter.capacity;
    }
    assert(copied < 2 << 18, `${copied} bytes`);
  });
});
