import fc from 'fast-check';
import { MAX_RULE_ID, MAX_RULES_PER_PUT } from '../../../protocols/guest-channel/codec/limits.ts';
import type {
  GuestMessage,
  HostMessage,
  ReplyResult,
  RuleResult,
} from '../../../protocols/guest-channel/codec/messages.ts';
import {
  type GuestRule,
  RULE_FIELD_BITS,
  RULE_FIELDS,
  type RuleField,
} from '../../../protocols/guest-channel/codec/rule.ts';

const hexDigit = fc.integer({ min: 0, max: 15 }).map((n) => n.toString(16));
const hex = (digits: number) =>
  fc.array(hexDigit, { minLength: digits, maxLength: digits }).map((d) => d.join(''));
const epoch = hex(16);
const id = fc.integer({ min: 1, max: MAX_RULE_ID });
const requestId = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const count = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const ms = fc.double({ min: 0, max: Number.MAX_SAFE_INTEGER, noNaN: true });
const name = fc.constantFrom('eth0', 'vf0', 'enp1s0f1v3', 'net.5@if-2');
const words = fc.string({ unit: 'grapheme-ascii', maxLength: 100 });
const versions = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 4 });

const ruleField: fc.Arbitrary<RuleField> = fc.constantFrom(...RULE_FIELDS).chain((field) => {
  const bits = RULE_FIELD_BITS[field];
  const digits = 2 * ((bits + 7) >> 3);
  const asHex = (n: bigint): string => n.toString(16).padStart(digits, '0');
  return fc
    .tuple(
      fc.bigInt({ min: 1n, max: (1n << BigInt(bits)) - 1n }),
      fc.bigInt({ min: 0n, max: 1n << 128n }),
    )
    .map(([mask, value]) => ({ field, value: asHex(value & mask), mask: asHex(mask) }));
});

export const arbitraryRule: fc.Arbitrary<GuestRule> = fc.record({
  id,
  direction: fc.constantFrom('receive', 'transmit'),
  device: name,
  to: name,
  match: fc.uniqueArray(ruleField, { selector: ({ field }) => field, maxLength: 8 }),
});

export const arbitraryHostMessage: fc.Arbitrary<HostMessage> = fc.oneof(
  fc.record({ type: fc.constant('hello' as const), versions, epoch }),
  fc.record({
    type: fc.constant('put' as const),
    to: epoch,
    id: requestId,
    rules: fc.uniqueArray(arbitraryRule, { selector: (rule) => rule.id, maxLength: 4 }),
  }),
  fc.record({
    type: fc.constantFrom('delete' as const, 'retain' as const),
    to: epoch,
    id: requestId,
    rules: fc.array(id, { maxLength: 10 }),
  }),
  fc.record({
    type: fc.constant('counters' as const),
    to: epoch,
    id: requestId,
    after: fc.integer({ min: 0, max: MAX_RULE_ID }),
  }),
  fc.record({ type: fc.constant('renew' as const), to: epoch, id: requestId, untilMs: ms }),
  fc.record({ type: fc.constant('withdraw' as const), to: epoch, id: requestId }),
);

const ruleResult: fc.Arbitrary<RuleResult> = fc.oneof(
  fc.record({ id, ok: fc.constant(true as const) }),
  fc.record({ id, ok: fc.constant(false as const), why: words }),
);

const replyResult: fc.Arbitrary<ReplyResult> = fc.oneof(
  fc.record({
    of: fc.constant('put' as const),
    rules: fc.array(ruleResult, { maxLength: MAX_RULES_PER_PUT }),
  }),
  fc.record({ of: fc.constant('delete' as const), rules: fc.integer({ min: 0, max: 4_096 }) }),
  fc.record({
    of: fc.constant('counters' as const),
    counters: fc.array(fc.tuple(id, count, count), { maxLength: 10 }),
    more: fc.boolean(),
  }),
  fc.record({
    of: fc.constant('renew' as const),
    lease: fc.constantFrom('renewed' as const, 'late' as const),
  }),
  fc.record({ of: fc.constant('error' as const), why: words }),
);

export const arbitraryGuestMessage: fc.Arbitrary<GuestMessage> = fc.oneof(
  fc.record({
    type: fc.constant('hello' as const),
    versions,
    epoch,
    to: fc.option(epoch),
    agent: words,
    clockMs: ms,
    devices: fc.array(
      fc.record({
        name,
        mac: fc.array(hex(2), { minLength: 6, maxLength: 6 }).map((parts) => parts.join(':')),
        driver: fc.constantFrom('', 'virtio_net', 'igbvf'),
        mtu: fc.integer({ min: 0, max: 9_000 }),
        isUp: fc.boolean(),
        canRedirect: fc.boolean(),
      }),
      { maxLength: 3 },
    ),
  }),
  fc.record({
    type: fc.constant('reply' as const),
    id: requestId,
    clockMs: ms,
    lost: count,
    result: replyResult,
  }),
  fc.record({ type: fc.constant('leaving' as const) }),
);
