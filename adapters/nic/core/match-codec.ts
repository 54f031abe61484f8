import { FIELD_BITS, fieldOf, hasAllBits } from '../../../engine/model/match.ts';
import type { FieldMatch, FieldName, FlowMatch } from '../../../engine/model/match.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import { KEY_BYTES, KEY_FIELDS } from './key-layout.ts';
import type { KeyField } from './key-layout.ts';

/** The header types of a flow's packets; {@link ANY}: not matched exactly. */
export interface PacketKind {
  readonly ethType: number;
  readonly ipProto: number;
  readonly ipFrag: number;
}

/** No exact value is matched. */
export const ANY = -1;

/** A match as the program looks it up: `struct flow_key`, and its mask. */
export interface EncodedMatch {
  readonly fields: Uint8Array;
  readonly mask: Uint8Array;
  readonly kind: { -readonly [K in keyof PacketKind]: number };
}

/** Buffers for an encoded match. */
export function newEncodedMatch(
  fields = new Uint8Array(KEY_BYTES),
  mask = new Uint8Array(KEY_BYTES),
): EncodedMatch {
  return { fields, mask, kind: { ethType: ANY, ipProto: ANY, ipFrag: ANY } };
}

const VLAN_TPIDS = [0x8100, 0x88a8];
const TPID_AT = 12;

/** The value of an exactly matched field; undefined when it is not matched exactly. */
export function exactNumber(match: FlowMatch, field: FieldName): number | undefined {
  const found = fieldOf(match, field);
  const value = found === undefined ? ANY : exactValue(found, FIELD_BITS[field]);
  return value === ANY ? undefined : value;
}

/** The value of a field of `bits` bits; {@link ANY} when it is not matched exactly. */
function exactValue({ value, mask }: FieldMatch, bits: number): number {
  if (!hasAllBits(mask, bits)) return ANY;
  let sum = 0;
  for (let i = 0; i < value.length; i++) sum = sum * 256 + value[i];
  return sum;
}

function lacks(field: FieldName, need: KeyField, given: PacketKind): string | undefined {
  if (need.ethTypes !== undefined && !need.ethTypes.includes(given.ethType)) {
    return `${field} is matched, but not the ethertype it belongs to`;
  }
  if (need.ipProto !== undefined && given.ipProto !== need.ipProto) {
    return `${field} is matched, but not IP protocol ${need.ipProto}`;
  }
  return undefined;
}

function encodeField(f: FieldMatch, into: EncodedMatch): string | undefined {
  const where = KEY_FIELDS[f.field];
  if (where === undefined) return `${f.field} is matched, which the program does not extract`;
  const problem = lacks(f.field, where, into.kind);
  if (problem !== undefined) return problem;
  const { at, bytes, shift } = where;
  const { value, mask } = f;
  const { fields: toFields, mask: toMask } = into;
  for (let i = 0; i < bytes; i++) {
    toFields[at + i] |= value[i] << shift;
    toMask[at + i] |= mask[i] << shift;
  }
  return undefined;
}

/** Reads the header types; returns why the program cannot tell the VLAN tags. */
function readKind(fields: readonly FieldMatch[], kind: EncodedMatch['kind']): string | undefined {
  kind.ethType = ANY;
  kind.ipProto = ANY;
  kind.ipFrag = ANY;
  let hasTpid = false;
  let tpid = ANY;
  let isTagMatched = false;
  for (const f of fields) {
    if (f.field === 'eth_type') kind.ethType = exactValue(f, FIELD_BITS.eth_type);
    else if (f.field === 'ip_proto') kind.ipProto = exactValue(f, FIELD_BITS.ip_proto);
    else if (f.field === 'ip_frag') kind.ipFrag = exactValue(f, FIELD_BITS.ip_frag);
    else if (f.field === 'vlan_tpid') {
      hasTpid = true;
      tpid = exactValue(f, FIELD_BITS.vlan_tpid);
    } else if (f.field === 'vlan_vid' || f.field === 'vlan_pcp') isTagMatched = true;
  }
  if (!hasTpid) {
    return isTagMatched ? 'a VLAN id or priority is matched without a VLAN tag' : undefined;
  }
  return VLAN_TPIDS.includes(tpid) ? undefined : 'the VLAN tag is not exactly 0x8100 or 0x88a8';
}

/**
 * Translates a match; returns why the program cannot match it, or undefined. The ethertype must be
 * matched exactly, as in datapath flows; a flow without one is for IEEE 802.3 frames
 * (`lib/odp-util.c`, parse_ethertype).
 */
export function encodeMatch(match: FlowMatch, into: EncodedMatch): Refusal | undefined {
  const problem = problemOf(match, into);
  return problem === undefined ? undefined : { code: 'unsupported-match', detail: problem };
}

function problemOf(match: FlowMatch, into: EncodedMatch): string | undefined {
  if (match.opaque.length > 0) {
    const [{ name, text }] = match.opaque;
    return `the condition ${name} cannot be matched: ${text}`;
  }
  const vlan = readKind(match.fields, into.kind);
  const { ethType } = into.kind;
  if (ethType < 0x600) return 'no exact ethertype is matched';
  // Open vSwitch parses only vlan-limit tags; the program leaves such frames to it.
  if (VLAN_TPIDS.includes(ethType)) return 'the packets have a second VLAN tag';
  if (vlan !== undefined) return vlan;

  into.fields.fill(0);
  into.mask.fill(0);
  for (const f of match.fields) {
    const problem = encodeField(f, into);
    if (problem !== undefined) return problem;
  }
  // Without a tag in the match, the packet must be untagged.
  into.mask[TPID_AT] = 0xff;
  into.mask[TPID_AT + 1] = 0xff;
  return undefined;
}
