import { fieldOf, isExact } from '../../../engine/model/match.ts';
import type { FieldMatch, FieldName, FlowMatch } from '../../../engine/model/match.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import { KEY_BYTES, KEY_FIELDS } from './key-layout.ts';
import type { KeyField } from './key-layout.ts';

/** A match as the program looks it up: `struct flow_key`, and its mask. */
export interface EncodedMatch {
  readonly fields: Uint8Array;
  readonly mask: Uint8Array;
}

/** Buffers for an encoded match. */
export function newEncodedMatch(): EncodedMatch {
  return { fields: new Uint8Array(KEY_BYTES), mask: new Uint8Array(KEY_BYTES) };
}

const VLAN_TPIDS = [0x8100, 0x88a8];
const TPID_AT = 12;

/** The value of an exactly matched field; undefined when it is not matched exactly. */
export function exactNumber(match: FlowMatch, field: FieldName): number | undefined {
  const found = fieldOf(match, field);
  if (found === undefined || !isExact(found)) return undefined;
  let sum = 0;
  for (const byte of found.value) sum = sum * 256 + byte;
  return sum;
}

/** The header types that the fields of a match depend on. */
interface Premises {
  readonly ethType: number;
  readonly ipProto: number | undefined;
}

function lacks(field: FieldName, need: KeyField, given: Premises): string | undefined {
  if (need.ethTypes !== undefined && !need.ethTypes.includes(given.ethType)) {
    return `${field} is matched, but not the ethertype it belongs to`;
  }
  if (need.ipProto !== undefined && given.ipProto !== need.ipProto) {
    return `${field} is matched, but not IP protocol ${need.ipProto}`;
  }
  return undefined;
}

function place(from: Uint8Array, field: KeyField, into: Uint8Array): void {
  for (let i = 0; i < field.bytes; i++) into[field.at + i] |= from[i] << field.shift;
}

function encodeField(f: FieldMatch, given: Premises, into: EncodedMatch): string | undefined {
  const where = KEY_FIELDS[f.field];
  if (where === undefined) return `${f.field} is matched, which the program does not extract`;
  const problem = lacks(f.field, where, given);
  if (problem !== undefined) return problem;
  place(f.value, where, into.fields);
  place(f.mask, where, into.mask);
  return undefined;
}

function vlanProblem(match: FlowMatch): string | undefined {
  if (fieldOf(match, 'vlan_tpid') === undefined) {
    return fieldOf(match, 'vlan_vid') === undefined && fieldOf(match, 'vlan_pcp') === undefined
      ? undefined
      : 'a VLAN id or priority is matched without a VLAN tag';
  }
  const tpid = exactNumber(match, 'vlan_tpid');
  return tpid !== undefined && VLAN_TPIDS.includes(tpid)
    ? undefined
    : 'the VLAN tag is not exactly 0x8100 or 0x88a8';
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
  const ethType = exactNumber(match, 'eth_type');
  if (ethType === undefined || ethType < 0x600) return 'no exact ethertype is matched';
  // Open vSwitch parses only vlan-limit tags; the program leaves such frames to it.
  if (VLAN_TPIDS.includes(ethType)) return 'the packets have a second VLAN tag';
  const vlan = vlanProblem(match);
  if (vlan !== undefined) return vlan;

  into.fields.fill(0);
  into.mask.fill(0);
  const given = { ethType, ipProto: exactNumber(match, 'ip_proto') };
  for (const f of match.fields) {
    const problem = encodeField(f, given, into);
    if (problem !== undefined) return problem;
  }
  // Without a tag in the match, the packet must be untagged.
  into.mask[TPID_AT] = 0xff;
  into.mask[TPID_AT + 1] = 0xff;
  return undefined;
}
