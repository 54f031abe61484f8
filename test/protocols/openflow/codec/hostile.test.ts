import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  OpenFlowDecodeError,
  OpenFlowEncodeError,
} from '../../../../protocols/openflow/wire/errors.ts';
import { decode } from '../../../../protocols/openflow/codec/decode.ts';
import { encode } from '../../../../protocols/openflow/codec/encode.ts';
import type { Decoded, Message } from '../../../../protocols/openflow/codec/messages.ts';
import { printMessage } from '../../../../protocols/openflow/codec/print.ts';
import {
  isVersion,
  OF10,
  OF13,
  type Version,
} from '../../../../protocols/openflow/codec/version.ts';
import { anyMessage, MESSAGES } from './arbitrary-messages.ts';
import { eights } from './arbitrary-parts.ts';

const VERSIONS: readonly Version[] = [OF10, OF13];

/** What `decode` makes of the bytes; undefined when it refuses them as it should. */
function attempt(bytes: Uint8Array): Decoded | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    assert.ok(error instanceof OpenFlowDecodeError, `not a decode error: ${String(error)}`);
    assert.ok(error.offset >= 0 && error.offset <= bytes.length, error.message);
    assert.match(error.message, /^OpenFlow message, byte \d+: expected ./);
    return undefined;
  }
}

/** Whatever could be decoded can be printed, and encoded or refused with the right error. */
function survives(bytes: Uint8Array): void {
  const decoded = attempt(bytes);
  if (decoded === undefined) return;
  const { version, message } = decoded;
  assert.ok(printMessage(message, version).length < 2100);
  if (!isVersion(version)) return;
  let again: Uint8Array;
  try {
    again = encode(message, version);
  } catch (error) {
    assert.ok(error instanceof OpenFlowEncodeError, String(error));
    return;
  }
  assert.deepEqual(decode(again), decoded);
}

function withLength(bytes: Uint8Array, length: number): Uint8Array {
  const cut = bytes.slice(0, length);
  cut[2] = length >> 8;
  cut[3] = length & 0xff;
  return cut;
}

describe('openflow codec: hostile bytes', () => {
  for (const version of VERSIONS) {
    for (const [type, make] of Object.entries(MESSAGES)) {
      const arbitrary: fc.Arbitrary<Message> | undefined = make(version);
      if (arbitrary === undefined) continue;
      it(`version ${version}: ${type} cut at every byte`, () => {
        fc.assert(
          fc.property(arbitrary, (message) => {
            const bytes = encode(message, version);
            const step = Math.max(1, bytes.length >> 8);
            for (let n = 0; n < bytes.length; n += step) {
              assert.equal(attempt(bytes.subarray(0, n)), undefined, `cut at ${n}`);
              if (n >= 8) survives(withLength(bytes, n));
            }
          }),
          { numRuns: 15 },
        );
      });
    }

    it(`version ${version}: messages with bytes changed`, () => {
      const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
        minLength: 1,
        maxLength: 4,
      });
      fc.assert(
        fc.property(anyMessage(version), changes, (message, all) => {
          const bytes = encode(message, version);
          for (const [at, value] of all) {
            const i = at % bytes.length;
            // The length stays true, or every other run would end there.
            if (i !== 2 && i !== 3) bytes[i] = value;
          }
          survives(bytes);
        }),
        { numRuns: 3000 },
      );
    });
  }

  it('random bytes behind every header', () => {
    const header = fc.tuple(fc.constantFrom(1, 4, 6), fc.integer({ min: 0, max: 35 }));
    const body = fc.oneof(fc.uint8Array({ maxLength: 300 }), eights(0));
    fc.assert(
      fc.property(header, body, ([version, code], bytes) => {
        survives(
          withLength(Uint8Array.of(version, code, 0, 0, 0, 0, 0, 1, ...bytes), 8 + bytes.length),
        );
      }),
      { numRuns: 5000 },
    );
  });

  it('random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), survives), { numRuns: 2000 });
  });

  it('the largest message of any one byte is refused or read within a second', () => {
    const codes: readonly (readonly [Version, number])[] = [
      [OF10, 0],
      [OF10, 4],
      [OF10, 14],
      [OF10, 17],
      [OF13, 0],
      [OF13, 14],
      [OF13, 19],
    ];
    for (const [version, code] of codes) {
      for (const fill of [0, 1, 4, 8, 0xff]) {
        const bytes = new Uint8Array(0xffff).fill(fill);
        bytes.set([version, code, 0xff, 0xff]);
        const before = performance.now();
        survives(bytes);
        assert.ok(performance.now() - before < 1000);
      }
    }
  });

  it('a bundle in a bundle in a bundle ends', () => {
    const depth = 2000;
    const bytes = new Uint8Array(24 * depth);
    for (let i = 0; i < depth; i++) {
      const length = 24 * (depth - i);
      bytes.set([4, 4, length >> 8, length & 0xff, 0, 0, 0, 1, 0x4f, 0x4e, 0x46, 0], 24 * i);
      bytes.set([0, 0, 0x08, 0xfd], 24 * i + 12);
    }
    assert.equal(attempt(bytes), undefined);
  });

  it('an error of an experimenter who has no number keeps its bytes', () => {
    survives(Uint8Array.of(4, 1, 0, 17, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 9));
    survives(Uint8Array.of(1, 1, 0, 20, 0, 0, 0, 0, 0xb0, 0xc2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2));
  });

  it('of another version hello, error and echo are read and nothing else', () => {
    for (const code of [0, 1, 2, 3]) {
      const bytes = Uint8Array.of(6, code, 0, 12, 0, 0, 0, 9, 0, 0, 0, 0);
      assert.equal(attempt(bytes)?.version, 6);
    }
    assert.equal(attempt(Uint8Array.of(6, 5, 0, 8, 0, 0, 0, 9)), undefined);
    assert.equal(attempt(Uint8Array.of(2, 20, 0, 8, 0, 0, 0, 9)), undefined);
  });
});
