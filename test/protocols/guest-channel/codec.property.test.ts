import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeGuestMessage } from '../../../protocols/guest-channel/codec/decode-guest.ts';
import { decodeHostMessage } from '../../../protocols/guest-channel/codec/decode-host.ts';
import { encodeLine } from '../../../protocols/guest-channel/codec/encode.ts';
import { ChannelViolation } from '../../../protocols/guest-channel/codec/errors.ts';
import {
  MAX_LINE_BYTES,
  MAX_RULE_ID,
  MAX_RULES,
  MAX_RULES_PER_PUT,
} from '../../../protocols/guest-channel/codec/limits.ts';
import { RULE_FIELD_BITS, RULE_FIELDS } from '../../../protocols/guest-channel/codec/rule.ts';
import { arbitraryGuestMessage, arbitraryHostMessage } from './arbitrary.ts';

const CODECS = [
  { side: 'host', arbitrary: arbitraryHostMessage, decode: decodeHostMessage },
  { side: 'guest', arbitrary: arbitraryGuestMessage, decode: decodeGuestMessage },
];

/** Runs a decoder; undefined when it refuses the line, in its own words. */
function decoded(decode: (line: string) => unknown, line: string): unknown {
  try {
    return decode(line);
  } catch (error) {
    assert(error instanceof ChannelViolation, String(error));
    return undefined;
  }
}

/** Every place in a JSON value, as a function that replaces the value there. */
function places(value: unknown): ((replacement: unknown) => unknown)[] {
  const here = (replacement: unknown): unknown => replacement;
  if (Array.isArray(value)) {
    return [
      here,
      ...value.flatMap((item, i) =>
        places(item).map((put) => (r: unknown) => value.with(i, put(r))),
      ),
    ];
  }
  if (typeof value !== 'object' || value === null) return [here];
  const inside = Object.entries(value).flatMap(([key, item]) =>
    places(item).map((put) => (r: unknown) => ({ ...value, [key]: put(r) })),
  );
  return [here, ...inside];
}

describe('codec of the guest channel', () => {
  for (const { side, arbitrary, decode } of CODECS) {
    it(`reads messages of the ${side} as they were written`, () => {
      fc.assert(
        fc.property(arbitrary, (message) => {
          const line = encodeLine(message);
          assert(line.endsWith('\n') && !line.slice(0, -1).includes('\n'));
          assert.deepEqual(decode(line.slice(0, -1)), JSON.parse(line));
        }),
      );
    });

    it(`refuses messages of the ${side} cut at any byte`, () => {
      fc.assert(
        fc.property(arbitrary, (message) => {
          const line = encodeLine(message).slice(0, -1);
          for (let end = 0; end < line.length; end++) {
            assert.equal(decoded(decode, line.slice(0, end)), undefined);
          }
        }),
        { numRuns: 20 },
      );
    });

    it(`accepts of the ${side} only what it could have written, whatever replaces a part`, () => {
      fc.assert(
        fc.property(arbitrary, fc.nat(), fc.jsonValue(), (message, at, replacement) => {
          const put = places(message);
          const changed = JSON.stringify(put[at % put.length](replacement));
          const read = decoded(decode, changed);
          // A hello may have more fields; everything else is read whole.
          if (read === undefined || JSON.parse(changed).type === 'hello') return;
          assert.deepEqual(read, JSON.parse(changed));
        }),
        { numRuns: 500 },
      );
    });

    it(`refuses an unknown field of a message of the ${side}, but for hello`, () => {
      fc.assert(
        fc.property(arbitrary, (message) => {
          const line = JSON.stringify({ ...message, extra: 1 });
          if (message.type === 'hello')
            assert.deepEqual(decode(line), decode(JSON.stringify(message)));
          else assert.throws(() => decode(line), ChannelViolation);
        }),
      );
    });

    it(`refuses any other text of the ${side} in its own words`, () => {
      fc.assert(
        fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
          assert.equal(decoded(decode, text), undefined);
        }),
      );
    });
  }

  const rule = (match: readonly unknown[], more: object = {}): string =>
    JSON.stringify({
      type: 'put',
      to: '0123456789abcdef',
      id: 1,
      rules: [{ id: 1, direction: 'transmit', device: 'eth0', to: 'vf0', match, ...more }],
    });

  for (const [what, line] of [
    ['a value outside its mask', rule([{ field: 'ip_proto', value: '06', mask: '05' }])],
    ['an empty mask', rule([{ field: 'ip_proto', value: '00', mask: '00' }])],
    ['bits beyond the field', rule([{ field: 'ip_frag', value: '00', mask: '07' }])],
    ['too few digits', rule([{ field: 'tcp_src', value: '50', mask: 'ffff' }])],
    ['an unknown field', rule([{ field: 'vlan_vid', value: '0005', mask: '0fff' }])],
    [
      'a field twice',
      rule([
        { field: 'ip_ttl', value: '01', mask: 'ff' },
        { field: 'ip_ttl', value: '02', mask: 'ff' },
      ]),
    ],
    ['a device name with a space', rule([], { device: 'eth0 egress' })],
    ['a device name that is an option', rule([], { to: '-force' })],
    ['a device name with a newline', rule([], { to: 'vf0\nqdisc' })],
    ['the rule id 0', rule([], { id: 0 })],
    ['a rule id beyond 31 bits', rule([], { id: MAX_RULE_ID + 1 })],
  ] as const) {
    it(`refuses a rule with ${what}`, () => {
      assert.throws(() => decodeHostMessage(line), ChannelViolation);
    });
  }

  it('has room for the largest requests', () => {
    const match = RULE_FIELDS.map((field) => {
      const digits = 2 * ((RULE_FIELD_BITS[field] + 7) >> 3);
      const full = ((1n << BigInt(RULE_FIELD_BITS[field])) - 1n).toString(16).padStart(digits, '0');
      return { field, value: full, mask: full };
    });
    const largest = {
      id: MAX_RULE_ID,
      direction: 'transmit' as const,
      device: 'abcdefghijklmno',
      to: 'abcdefghijklmno',
      match,
    };
    const to = '0123456789abcdef';
    const id = Number.MAX_SAFE_INTEGER;
    const rules = Array.from({ length: MAX_RULES_PER_PUT }, (_, i) => ({
      ...largest,
      id: MAX_RULE_ID - i,
    }));
    const put = encodeLine({ type: 'put', to, id, rules });
    assert(decodeHostMessage(put).type === 'put');
    const ids = Array.from({ length: MAX_RULES }, () => MAX_RULE_ID);
    assert(encodeLine({ type: 'retain', to, id, rules: ids }).length < MAX_LINE_BYTES);
  });

  it('does not write a message that is too long', () => {
    const why = 'x'.repeat(MAX_LINE_BYTES);
    const result = { of: 'error' as const, why };
    assert.throws(
      () => encodeLine({ type: 'reply', id: 1, clockMs: 0, lost: 0, result }),
      ChannelViolation,
    );
  });
});
