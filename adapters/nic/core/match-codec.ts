import { FIELD_BITS, fieldOf, hasAllBits } from '../../../engine/model/match.ts';
import type { FieldMatch, FieldName, FlowMatch } from '../../../engine/model/match.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import { KEY_BYTES, KEY_FIELDS, KEY_OUTER } from './key-layout.ts';
import type { KeyField } from './key-layout.ts';

/** The header types of a flow's packets; {@link ANY}: not matched exactly. */
export interface PacketKind {
  readonly ethType: number;
  readonly ipProto: number;
  readonly ipFrag: number;
}

/** No exact value is matched. */
export const ANY = -1;

/** Fields that say which others there are, and those that share bytes. */
const TIED: ReadonlySet<FieldName> = new Set([
  'eth_type',
  'ip_proto',
  'ip_frag',
  'vlan_tpid',
  'vlan_vid',
  'vlan_pcp',
]);

/** A match as the program looks it up: `struct flow_key`, and its mask. Buffers for one match at a time. */
export class EncodedMatch {
  readonly fields: Uint8Array;
  readonly mask: Uint8Array;
  readonly kind: { -readonly [K in keyof PacketKind]: number } = {
    ethType: ANY,
    ipProto: ANY,
    ipFrag: ANY,
  };
  /** Grows whenever {@link kind} may have changed. */
  kindVersion = 0;
  readonly #fieldWords: Uint32Array;
  readonly #maskWords: Uint32Array;
  /** The fields of the last match, and where they are: most matches have the fields of the last. */
  readonly #lastFields: FieldName[] = [];
  readonly #lastPlaces: KeyField[] = [];
  #lastEthType = ANY;
  #lastIpProto = ANY;
  /** By field of the last match: true if the others depend on it or share its bytes. */
  readonly #isTied: boolean[] = [];
  /** The last match that was encoded completely; undefined: none. */
  #last: readonly FieldMatch[] | undefined;

  /** @param fields and `mask`: {@link KEY_BYTES} bytes from a multiple of four on */
  constructor(fields = new Uint8Array(KEY_BYTES), mask = new Uint8Array(KEY_BYTES)) {
    this.fields = fields;
    this.mask = mask;
    this.#fieldWords = new Uint32Array(fields.buffer, fields.byteOffset, KEY_BYTES / 4);
    this.#maskWords = new Uint32Array(mask.buffer, mask.byteOffset, KEY_BYTES / 4);
  }

  /**
   * Encodes a match by what differs from the last one: most matches of a node differ in a few values.
   * False if that is not enough; then it has to be encoded from its first field.
   */
  update(fields: readonly FieldMatch[]): boolean {
    const last = this.#last;
    this.#last = undefined;
    if (last?.length !== fields.length) return false;
    for (let n = 0; n < fields.length; n++) {
      const given = fields[n];
      // Equal fields are mostly one object.
      if (given === last[n]) continue;
      const { field, value, mask } = given;
      if (field !== last[n].field || this.#isTied[n]) return false;
      const { at, bytes } = this.#lastPlaces[n];
      for (let i = 0; i < bytes; i++) {
        this.fields[at + i] = value[i];
        this.mask[at + i] = mask[i];
      }
    }
    this.#last = fields;
    return true;
  }

  /** Records that all fields of a match have been added. */
  complete(fields: readonly FieldMatch[]): void {
    this.#last = fields;
  }

  /** Clears fields and mask, for a match of the current kind. */
  clear(): void {
    for (let i = 0; i < KEY_BYTES / 4; i++) {
      this.#fieldWords[i] = 0;
      this.#maskWords[i] = 0;
    }
    const { ethType, ipProto } = this.kind;
    if (ethType === this.#lastEthType && ipProto === this.#lastIpProto) return;
    this.#lastEthType = ethType;
    this.#lastIpProto = ipProto;
    this.#lastFields.length = 0;
  }

  /** Sets the bits of outer headers that are in the key; undefined: of packets in no tunnel. */
  setOuter(outer: Uint8Array | undefined, mask: Uint8Array | undefined): void {
    for (let i = 0; i < OUTER_BYTES; i++) {
      this.fields[KEY_OUTER + i] = outer?.[i] ?? 0;
      this.mask[KEY_OUTER + i] = mask?.[i] ?? 0;
    }
  }

  /** Adds the `n`th field of the match; returns why packets of this kind cannot be matched by it. */
  add(n: number, { field, value, mask }: FieldMatch): string | undefined {
    if (this.#lastFields[n] !== field) {
      const place = KEY_FIELDS[field];
      if (place === undefined) return `${field} is matched, which the program does not extract`;
      const problem = lacks(field, place, this.kind);
      if (problem !== undefined) return problem;
      this.#lastFields[n] = field;
      this.#lastPlaces[n] = place;
      this.#isTied[n] = TIED.has(field);
    }
    const { at, bytes, shift } = this.#lastPlaces[n];
    for (let i = 0; i < bytes; i++) {
      this.fields[at + i] |= value[i] << shift;
      this.mask[at + i] |= mask[i] << shift;
    }
    return undefined;
  }
}

/** TOS, TTL and flags of outer headers. */
const OUTER_BYTES = 3;

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
 * Translates a match but for its tunnel; returns why the program cannot match it, or undefined. The ethertype must be
 * matched exactly, as in datapath flows; a flow without one is for IEEE 802.3 frames
 * (`lib/odp-util.c`, parse_ethertype).
 */
export function encodeMatch(match: FlowMatch, into: EncodedMatch): Refusal | undefined {
  const problem = problemOf(match, into);
  return problem === undefined ? undefined : { code: 'unsupported-match', detail: problem };
}

function problemOf(match: FlowMatch, into: EncodedMatch): string | undefined {
  const [beyond] = match.opaque;
  if (beyond !== undefined) {
    return `the condition ${beyond.name} cannot be matched: ${beyond.text}`;
  }
  if (into.update(match.fields)) return undefined;
  const vlan = readKind(match.fields, into.kind);
  into.kindVersion++;
  const { ethType } = into.kind;
  if (ethType < 0x600) return 'no exact ethertype is matched';
  // Open vSwitch parses only vlan-limit tags; the program leaves such frames to it.
  if (VLAN_TPIDS.includes(ethType)) return 'the packets have a second VLAN tag';
  if (vlan !== undefined) return vlan;

  into.clear();
  let n = 0;
  for (const f of match.fields) {
    const problem = into.add(n++, f);
    if (problem !== undefined) return problem;
  }
  // Without a tag in the match, the packet must be untagged.
  into.mask[TPID_AT] = 0xff;
  into.mask[TPID_AT + 1] = 0xff;
  into.complete(match.fields);
  return undefined;
}
