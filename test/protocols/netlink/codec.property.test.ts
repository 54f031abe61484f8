import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  attributesIn,
  decodeAttributes,
  encodeAttribute,
  encodeNested,
  textOf,
  textValue,
} from '../../../protocols/netlink/attributes.ts';
import { NetlinkMalformed } from '../../../protocols/netlink/errors.ts';
import { decodeMessages, encodeMessage } from '../../../protocols/netlink/message.ts';

const bytes = (max: number) => fc.uint8Array({ maxLength: max }).map((b) => Buffer.from(b));
const attribute = fc.record({ type: fc.integer({ min: 1, max: 0x3fff }), value: bytes(20) });
const message = fc.record({
  type: fc.integer({ min: 16, max: 0xffff }),
  flags: fc.integer({ min: 0, max: 0xffff }),
  sequence: fc.integer({ min: 0, max: 0xffffffff }),
  payload: bytes(40),
});

/** Runs a decoder; undefined when it rejects the bytes, in its own words. */
function decoded<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    assert(error instanceof NetlinkMalformed, String(error));
    return undefined;
  }
}

describe('netlink codec', () => {
  it('reads messages as they were written, several to a datagram', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), (messages) => {
        const read = decodeMessages(Buffer.concat(messages.map(encodeMessage)));
        assert.deepEqual(
          read.map((m) => ({ ...m, payload: [...m.payload] })),
          messages.map((m) => ({ ...m, payload: [...m.payload] })),
        );
      }),
    );
  });

  it('reads attributes as they were written, in order', () => {
    fc.assert(
      fc.property(fc.array(attribute, { maxLength: 6 }), (attributes) => {
        const written = attributes.map(({ type, value }) => encodeAttribute(type, value));
        const read = attributesIn(Buffer.concat(written));
        assert.deepEqual(
          read.map(({ type, value }) => [type, ...value]),
          attributes.map(({ type, value }) => [type, ...value]),
        );
      }),
    );
  });

  it('reads nested attributes and texts', () => {
    const nested = encodeNested(2, encodeAttribute(3, textValue('eth0')));
    const inner = decodeAttributes(nested).get(2);
    assert(inner !== undefined);
    assert.equal(textOf(decodeAttributes(inner).get(3)), 'eth0');
    assert.equal(textOf(Buffer.from('eth0')), 'eth0', 'a text may fill its attribute');
    assert.equal(textOf(undefined), undefined);
  });

  it('rejects a datagram that is cut anywhere but between two messages', () => {
    const first = encodeMessage({ type: 16, flags: 0, sequence: 1, payload: Buffer.alloc(5) });
    const second = encodeMessage({ type: 17, flags: 0, sequence: 2, payload: Buffer.alloc(8) });
    const whole = Buffer.concat([first, second]);
    for (let length = 0; length < whole.length; length++) {
      const read = decoded(() => decodeMessages(whole.subarray(0, length)));
      // Padding after the last message may be left out.
      const complete = [0, 21, 22, 23, 24].includes(length);
      assert.equal(read !== undefined, complete, `${length} bytes`);
    }
  });

  it('rejects attributes that are cut', () => {
    const whole = Buffer.concat([
      encodeAttribute(1, Buffer.alloc(4)),
      encodeAttribute(2, Buffer.alloc(8)),
    ]);
    for (let length = 1; length < whole.length; length++) {
      const read = decoded(() => attributesIn(whole.subarray(0, length)));
      assert.equal(read !== undefined, length === 8, `${length} bytes`);
    }
  });

  it('reads or rejects any bytes, and never more than there are', () => {
    fc.assert(
      fc.property(bytes(80), (any) => {
        const messages = decoded(() => decodeMessages(any)) ?? [];
        const attributes = decoded(() => attributesIn(any)) ?? [];
        const length = (parts: readonly Buffer[]) => parts.reduce((n, part) => n + part.length, 0);
        assert(length(messages.map((m) => m.payload)) <= any.length);
        assert(length(attributes.map((a) => a.value)) <= any.length);
      }),
      { numRuns: 2_000 },
    );
  });
});
