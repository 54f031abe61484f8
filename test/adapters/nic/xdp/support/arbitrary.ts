import fc from 'fast-check';
import { checksum } from '../../../../../lab/testbed/frames.ts';
import type { FlowAction } from '../../../../../engine/model/action.ts';
import { FIELD_BITS } from '../../../../../engine/model/match.ts';
import type { FieldMatch, FieldName } from '../../../../../engine/model/match.ts';
import { allBits, exactly } from '../../../../support/match-fields.ts';
import type { Fields } from './model.ts';
import { isTupleField } from './tuple-model.ts';

const bytes = (min: number, max = min) =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((b) => Buffer.from(b));
const byte = fc.integer({ min: 0, max: 255 });
const few = fc.integer({ min: 0, max: 3 });

const L4_PROTOCOLS = [6, 6, 6, 17, 17, 17, 132, 132, 1, 1, 58, 58, 2, 47, 4];

function l4Bytes(proto: number): fc.Arbitrary<Buffer> {
  return fc.oneof(bytes(20, 60), bytes(20, 60), bytes(0, 40)).map((b) => {
    if (proto === 6 && b.length >= 20) b[12] = (b[12] & 0x0f) | 0x50;
    return b;
  });
}

/** Where the checksum is in a segment, for protocols that have a pseudo header. */
const CHECKSUM_AT = new Map([
  [6, 16],
  [17, 6],
  [58, 2],
]);

/** How the checksum of a segment is: as random as its other bytes, right, or left out (UDP). */
type ChecksumKind = 'random' | 'right' | 'none';
const RIGHT = Array.from({ length: 7 }, () => 'right' as const);
const checksumKind = fc.constantFrom<ChecksumKind>(...RIGHT, 'random', 'none');

/** The segment with a header length that is right, and such a checksum. */
function completed(segment: Buffer, kind: ChecksumKind, proto: number, addresses: Buffer): Buffer {
  if (kind === 'random') return segment;
  const at = CHECKSUM_AT.get(proto);
  if (at === undefined || segment.length < at + 2) return segment;
  const whole = Buffer.from(segment);
  if (proto === 6 && whole.length >= 20) whole[12] = 0x50;
  whole.writeUInt16BE(0, at);
  if (kind === 'none' && proto === 17) return whole;
  const length = Buffer.from([whole.length >> 8, whole.length & 255, 0, proto]);
  whole.writeUInt16BE(checksum(Buffer.concat([addresses, length, whole])) || 0xffff, at);
  return whole;
}

const ipv4Packet = fc
  .record({
    kind: checksumKind,
    proto: fc.constantFrom(...L4_PROTOCOLS),
    options: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 10 })),
    fragment: fc.constantFrom(0, 0, 0, 0x4000, 0x2000, 0x2001, 0x00b9),
    tos: byte,
    ttl: byte,
    addresses: bytes(8),
    padding: fc.constantFrom(0, 0, 0, 0, 6, 255, 256),
    body: fc.constantFrom(...L4_PROTOCOLS).chain(l4Bytes),
    check: fc.integer({ min: 0, max: 0xffff }),
  })
  .map(({ kind, proto, options, fragment, tos, ttl, addresses, padding, body, check }) => {
    const header = Buffer.alloc(20 + options * 4);
    header[0] = 0x40 | (header.length / 4);
    header[1] = tos;
    header.writeUInt16BE(header.length + body.length, 2);
    header.writeUInt16BE(fragment, 6);
    header[8] = ttl;
    header[9] = proto;
    header.writeUInt16BE(check, 10);
    addresses.copy(header, 12);
    const segment = completed(body, kind, proto, addresses);
    return Buffer.concat([header, segment, Buffer.alloc(padding)]);
  });

const extension = fc
  .record({ kind: fc.constantFrom(0, 43, 44, 60, 51), words: few, offset: few, rest: bytes(8) })
  .map(({ kind, words, offset, rest }) => {
    const header = Buffer.alloc(kind === 44 ? 8 : (words + 1) * 8);
    rest.copy(header);
    header[1] = kind === 44 ? 0 : words;
    if (kind === 44) header.writeUInt16BE(offset === 3 ? 0x0100 : offset === 2 ? 1 : 0, 2);
    return { kind, header };
  });

const ipv6Packet = fc
  .record({
    kind: checksumKind,
    extensions: fc.oneof(
      fc.array(extension, { maxLength: 0 }),
      fc.array(extension, { maxLength: 5 }),
    ),
    proto: fc.constantFrom(...L4_PROTOCOLS),
    first: fc.integer({ min: 0, max: 0x0fffffff }),
    ttl: byte,
    addresses: bytes(32),
    body: fc.constantFrom(...L4_PROTOCOLS).chain(l4Bytes),
    padding: fc.constantFrom(0, 0, 0, 0, 0, 255, 256),
  })
  .map(({ kind, extensions, proto, first, ttl, addresses, body, padding }) => {
    const kinds = [...extensions.map((e) => e.kind), proto];
    const parts = extensions.map(({ header }, i) => {
      header[0] = kinds[i + 1];
      return header;
    });
    const segment = completed(body, kind, proto, addresses);
    const payload = Buffer.concat([...parts, segment]);
    const header = Buffer.alloc(40);
    header.writeUInt32BE(0x60000000 + first, 0);
    header.writeUInt16BE(payload.length, 4);
    [header[6]] = kinds;
    header[7] = ttl;
    addresses.copy(header, 8);
    return Buffer.concat([header, payload, Buffer.alloc(padding)]);
  });

const arpPacket = fc
  .record({ op: fc.constantFrom(1, 2, 255, 256), rest: bytes(20), head: few })
  .map(({ op, rest, head }) => {
    const fixed = Buffer.from(head === 3 ? '000108000605' : '000108000604', 'hex');
    return Buffer.concat([fixed, Buffer.from([op >> 8, op & 255]), rest]);
  });

const l3Packet = fc.oneof(
  { weight: 4, arbitrary: ipv4Packet.map((p) => ({ type: 0x0800, p })) },
  { weight: 4, arbitrary: ipv6Packet.map((p) => ({ type: 0x86dd, p })) },
  { weight: 1, arbitrary: arpPacket.map((p) => ({ type: 0x0806, p })) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constantFrom(0x88cc, 0x8847, 0x05dc, 0x0600, 0x9100, 0xffff),
      p: bytes(0, 60),
    }),
  },
);

/** Frames, most of them well formed, some tagged, some cut or with a wrong byte. */
export const frame: fc.Arbitrary<Buffer> = fc
  .record({
    macs: bytes(12),
    tags: fc.oneof(
      { weight: 6, arbitrary: fc.constant<number[]>([]) },
      { weight: 4, arbitrary: fc.constantFrom<number[]>([0x8100], [0x88a8]) },
      { weight: 1, arbitrary: fc.constant<number[]>([0x88a8, 0x8100]) },
    ),
    tci: fc.integer({ min: 0, max: 0xffff }),
    l3: l3Packet,
    cut: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 60 })),
    wrong: fc.oneof(
      { weight: 9, arbitrary: fc.constant(undefined) },
      fc.record({ at: fc.integer({ min: 12, max: 60 }), byte }),
    ),
  })
  .map(({ macs, tags, tci, l3, cut, wrong }) => {
    const types = tags.flatMap((tpid) => [tpid >> 8, tpid & 255, tci >> 8, tci & 255]);
    const head = Buffer.concat([macs, Buffer.from([...types, l3.type >> 8, l3.type & 255])]);
    const whole = Buffer.concat([head, l3.p]);
    const packet = whole.subarray(0, Math.max(14, whole.length - cut));
    if (wrong !== undefined && wrong.at < packet.length) packet[wrong.at] = wrong.byte;
    return Buffer.from(packet);
  });

function isFieldName(name: string): name is FieldName {
  return Object.hasOwn(FIELD_BITS, name);
}

/** What a field needs beside it in a match to mean anything. */
const ALWAYS: readonly FieldName[] = ['eth_type', 'vlan_tpid', 'ip_proto', 'ip_frag'];

/** Matches that packets with these fields meet, with a random part of them as wildcards. */
export function matchFor(fields: Fields): fc.Arbitrary<FieldMatch[]> {
  const names = Object.keys(FIELD_BITS)
    .filter(isFieldName)
    .filter((name) => fields.has(name));
  return fc.tuple(...names.map((name) => maskedField(name, fields))).map((all) => all.flat());
}

function maskedField(name: FieldName, fields: Fields): fc.Arbitrary<FieldMatch[]> {
  const value = fields.get(name) ?? new Uint8Array();
  if (ALWAYS.includes(name)) return fc.constant<FieldMatch[]>([exactly(name, value)]);
  const full = allBits(name);
  return fc.oneof(
    fc.constant<FieldMatch[]>([]),
    fc.constant<FieldMatch[]>([exactly(name, value)]),
    bytes(value.length).map((random): FieldMatch[] => {
      const mask = full.map((bits, i) => bits & random[i]);
      if (mask.every((bits) => bits === 0)) return [];
      return [{ field: name, value: value.map((b, i) => b & mask[i]), mask }];
    }),
  );
}

const pushTag = fc.record({
  kind: fc.constant('push-vlan' as const),
  tpid: fc.constantFrom(0x8100, 0x88a8),
  vid: fc.integer({ min: 0, max: 4095 }),
  pcp: fc.integer({ min: 0, max: 7 }),
});

function setField(field: FieldName): fc.Arbitrary<FlowAction> {
  const length = allBits(field).length;
  const full = fc.constant(allBits(field));
  // Entries have no masks for IPv6 addresses.
  const isWhole = field.startsWith('ipv6_');
  return fc
    .record({ value: bytes(length), mask: isWhole ? full : fc.oneof(full, bytes(length)) })
    .map(({ value, mask }) => ({ kind: 'set', field, value, mask }));
}

/** The addresses and ports of a packet that is no fragment. */
function tupleFieldsOf(fields: Fields): readonly FieldName[] {
  if (fields.get('ip_frag')?.[0] !== 0) return [];
  return [...fields.keys()].filter((field) => isTupleField(field));
}

/** Actions in the normal form, in any order that means something for the packet. */
export function actionsFor(fields: Fields, output: string): fc.Arbitrary<FlowAction[]> {
  const isIp = fields.has('ip_ttl');
  const settable: FieldName[] = [
    'eth_src',
    'eth_dst',
    ...(isIp ? (['ip_ttl', 'ip_tos'] as const) : []),
    ...tupleFieldsOf(fields),
  ];
  const sets = fc.array(fc.constantFrom(...settable).chain(setField), { maxLength: 3 });
  const pop = fields.has('vlan_tpid') ? fc.boolean() : fc.constant(false);
  const parts = { before: sets, pop, push: fc.option(pushTag), after: sets };
  return fc.record({ ...parts, drop: fc.integer({ min: 0, max: 9 }) }).map((r) => {
    if (r.drop === 0) return [];
    const popped: FlowAction[] = r.pop ? [{ kind: 'pop-vlan' }] : [];
    const pushed: FlowAction[] = r.push === null ? [] : [r.push];
    return [...r.before, ...popped, ...pushed, ...r.after, { kind: 'output', port: output }];
  });
}
