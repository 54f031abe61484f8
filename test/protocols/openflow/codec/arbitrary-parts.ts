import fc from 'fast-check';
import type { Action } from '../../../../protocols/openflow/codec/action.ts';
import type { Instruction } from '../../../../protocols/openflow/codec/instruction.ts';
import type {
  FlexibleMatch,
  Match,
  Match10,
  MatchField,
  OxmMatch,
} from '../../../../protocols/openflow/codec/match.ts';
import { FIELD_BY_NAME } from '../../../../protocols/openflow/codec/oxm-index.ts';
import { OF10, type Version } from '../../../../protocols/openflow/codec/version.ts';

/** `fc.record` of plain objects, as the codec makes them. */
export function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true });
}

export const u8 = fc.integer({ min: 0, max: 0xff });
export const u16 = fc.integer({ min: 0, max: 0xffff });
export const u32 = fc.integer({ min: 0, max: 0xffffffff });
export const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
export const mac = fc.uint8Array({ minLength: 6, maxLength: 6 });
export const data = fc.uint8Array({ maxLength: 40 });
/** Bytes of a length that `8 * n + rest` says. */
export function eights(rest: number): fc.Arbitrary<Uint8Array> {
  return fc
    .integer({ min: 0, max: 3 })
    .chain((n) => fc.uint8Array({ minLength: 8 * n + rest, maxLength: 8 * n + rest }));
}
export function text(bytes: number): fc.Arbitrary<string> {
  return fc
    .string({ unit: 'grapheme', maxLength: bytes })
    .filter((s) => !s.includes('\0') && Buffer.byteLength(s) < bytes);
}

/** A port number that the version can say. */
export function port(version: Version): fc.Arbitrary<number> {
  if (version !== OF10) return u32;
  return fc.oneof(
    fc.integer({ min: 0, max: 0xfeff }),
    fc.integer({ min: 0xffffff00, max: 0xffffffff }),
  );
}

const knownField: fc.Arbitrary<MatchField> = fc
  .tuple(fc.constantFrom(...FIELD_BY_NAME.values()), fc.boolean())
  .chain(([{ name, definition }, masked]) => {
    const bytes = fc.uint8Array({ minLength: definition.bytes, maxLength: definition.bytes });
    return record({
      kind: fc.constant('field'),
      name: fc.constant(name),
      value: bytes,
      mask: masked ? bytes : fc.constant(undefined),
    });
  });

/** Nicira's registers, a class of nobody's, and an experimenter's field. */
const unknownField: fc.Arbitrary<MatchField> = fc
  .tuple(
    fc.constantFrom(0x0001_0000, 0x1234_0000, 0xffff_0000),
    fc.integer({ min: 0, max: 7 }),
    fc.uint8Array({ minLength: 4, maxLength: 12 }),
  )
  .map(([oxmClass, field, bytes]) => {
    // An experimenter that there is not.
    if (oxmClass === 0xffff_0000) bytes[0] = 0xee;
    return { kind: 'unknown', header: (oxmClass | (field << 9) | bytes.length) >>> 0, bytes };
  });

export const matchField = fc.oneof({ weight: 4, arbitrary: knownField }, unknownField);

export const oxmMatch: fc.Arbitrary<OxmMatch> = record({
  kind: fc.constant('oxm'),
  fields: fc.array(matchField, { maxLength: 6 }),
});

export const flexibleMatch: fc.Arbitrary<FlexibleMatch> = fc.oneof(
  { weight: 5, arbitrary: oxmMatch },
  record({
    kind: fc.constant('unknown'),
    code: u16.filter((code) => code !== 1),
    bytes: data,
  }),
);

export const match10: fc.Arbitrary<Match10> = record({
  kind: fc.constant('of10'),
  wildcards: u32,
  inPort: port(OF10),
  ethSrc: mac,
  ethDst: mac,
  vlanVid: u16,
  vlanPcp: u8,
  ethType: u16,
  ipTos: u8,
  ipProto: u8,
  ipSrc: u32,
  ipDst: u32,
  tpSrc: u16,
  tpDst: u16,
});

/** A match of a message that has Nicira's variant on 1.0. */
export function match(version: Version): fc.Arbitrary<Match> {
  return version === OF10 ? fc.oneof(match10, oxmMatch) : flexibleMatch;
}

const experimenterAction: fc.Arbitrary<Action> = record({
  kind: fc.constant('experimenter'),
  experimenter: u32,
  bytes: eights(0),
});

function unknownAction(from: number): fc.Arbitrary<Action> {
  return record({
    kind: fc.constant('unknown'),
    code: fc.integer({ min: from, max: 0xfffe }),
    bytes: eights(4),
  });
}

const action10: fc.Arbitrary<Action> = fc.oneof(
  record({ kind: fc.constant('output'), port: port(OF10), maxLen: u16 }),
  record({ kind: fc.constant('enqueue'), port: port(OF10), queue: u32 }),
  record({ kind: fc.constant('set-vlan-vid'), vid: u16 }),
  record({ kind: fc.constant('set-vlan-pcp'), pcp: u8 }),
  record({ kind: fc.constant('pop-vlan') }),
  record({ kind: fc.constantFrom('set-eth-src', 'set-eth-dst'), address: mac }),
  record({ kind: fc.constantFrom('set-ip-src', 'set-ip-dst'), address: u32 }),
  record({ kind: fc.constant('set-ip-tos'), tos: u8 }),
  record({ kind: fc.constantFrom('set-tp-src', 'set-tp-dst'), port: u16 }),
  experimenterAction,
  unknownAction(12),
);

const action13: fc.Arbitrary<Action> = fc.oneof(
  record({ kind: fc.constant('output'), port: u32, maxLen: u16 }),
  record({ kind: fc.constant('group'), group: u32 }),
  record({ kind: fc.constant('set-queue'), queue: u32 }),
  record({
    kind: fc.constantFrom('push-vlan', 'push-mpls', 'push-pbb'),
    ethType: u16,
  }),
  record({ kind: fc.constant('pop-mpls'), ethType: u16 }),
  record({ kind: fc.constant('pop-vlan') }),
  record({ kind: fc.constantFrom('set-mpls-ttl', 'set-nw-ttl'), ttl: u8 }),
  record({
    kind: fc.constantFrom('pop-pbb', 'dec-mpls-ttl', 'dec-nw-ttl', 'copy-ttl-out', 'copy-ttl-in'),
  }),
  record({ kind: fc.constant('set-field'), field: matchField }),
  experimenterAction,
  unknownAction(28),
);

export function actions(version: Version): fc.Arbitrary<Action[]> {
  return fc.array(version === OF10 ? action10 : action13, { maxLength: 5 });
}

const instruction: fc.Arbitrary<Instruction> = fc.oneof(
  record({ kind: fc.constant('goto-table'), table: u8 }),
  record({ kind: fc.constant('write-metadata'), metadata: u64, mask: u64 }),
  record({ kind: fc.constantFrom('write-actions', 'apply-actions'), actions: actions(4) }),
  record({ kind: fc.constant('clear-actions') }),
  record({ kind: fc.constant('meter'), meter: u32 }),
  record({ kind: fc.constant('experimenter'), experimenter: u32, bytes: eights(0) }),
  record({
    kind: fc.constant('unknown'),
    code: fc.integer({ min: 7, max: 0xfffe }),
    bytes: eights(4),
  }),
);

/** 1.0: actions, or nothing when there are none. */
export function instructions(version: Version): fc.Arbitrary<Instruction[]> {
  if (version !== OF10) return fc.array(instruction, { maxLength: 4 });
  return actions(OF10).map((list) =>
    list.length === 0 ? [] : [{ kind: 'apply-actions', actions: list }],
  );
}
