import { fieldOf, isExact } from '../../../engine/model/match.ts';
import type { FieldMatch, FieldName, FlowMatch } from '../../../engine/model/match.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import { KEY_BYTES, KEY_FIELDS } from './key-layout.ts';
import type { KeyField } from './key-layout.ts';

/** A match as the program looks it up: bits of `struct flow_key`, and which of them count. */
export interface EncodedMatch {
  readonly fields: Uint8Array;
  readonly mask: Uint8Array;
}

const VLAN_TPIDS = [0x8100, 0x88a8];

function unsupported(detail: string): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal: { code: 'unsupported-match', detail } };
}

/** The number an exactly matched field must have; undefined when it is not matched exactly. */
export function exactNumber(match: FlowMatch, field: FieldName): number | undefined {
  const found = fieldOf(match, field);
  if (found === undefined || !isExact(found)) return undefined;
  return found.value.reduce((sum, byte) => sum * 256 + byte, 0);
}

function lacks(match: FlowMatch, field: FieldName, need: KeyField): string | undefined {
  if (need.ethTypes !== undefined) {
    const type = exactNumber(match, 'eth_type');
    if (type === undefined || !need.ethTypes.includes(type)) {
      return `${field} is matched, but not the ethertype it belongs to`;
    }
  }
  if (need.ipProto !== undefined && exactNumber(match, 'ip_proto') !== need.ipProto) {
    return `${field} is matched, but not IP protocol ${need.ipProto}`;
  }
  return undefined;
}

function place(from: Uint8Array, field: KeyField, into: Uint8Array): void {
  for (let i = 0; i < field.bytes; i++) into[field.at + i] |= from[i] << field.shift;
}

function encodeField(match: FlowMatch, f: FieldMatch, into: EncodedMatch): string | undefined {
  const where = KEY_FIELDS[f.field];
  if (where === undefined) return `${f.field} is matched, which the XDP program does not extract`;
  const problem = lacks(match, f.field, where);
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
 * Translates a match, or says why the program cannot look at it. The ethertype must be matched
 * exactly, as datapath flows do: without, the flow is for IEEE 802.3 frames
 * (`lib/odp-util.c`, parse_ethertype).
 */
export function encodeMatch(
  match: FlowMatch,
):
  | { readonly ok: true; readonly match: EncodedMatch }
  | { readonly ok: false; readonly refusal: Refusal } {
  const [condition] = match.opaque;
  if (condition !== undefined) {
    return unsupported(`the condition ${condition.name}(${condition.text}) cannot be looked at`);
  }
  const type = exactNumber(match, 'eth_type');
  if (type === undefined || type < 0x600) return unsupported('no exact ethertype is matched');
  const vlan = vlanProblem(match);
  if (vlan !== undefined) return unsupported(vlan);

  const encoded = { fields: new Uint8Array(KEY_BYTES), mask: new Uint8Array(KEY_BYTES) };
  for (const f of match.fields) {
    const problem = encodeField(match, f, encoded);
    if (problem !== undefined) return unsupported(problem);
  }
  // No tag in the match: the packet must have none.
  const tpid = KEY_FIELDS.vlan_tpid;
  if (tpid !== undefined) encoded.mask.fill(0xff, tpid.at, tpid.at + tpid.bytes);
  return { ok: true, match: encoded };
}
