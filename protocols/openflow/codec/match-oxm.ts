import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { OpenFlowEncodeError } from '../wire/errors.ts';
import type { FlexibleMatch, KnownField, MatchField, OxmMatch } from './match.ts';
import { OXM_EXPERIMENTER } from './oxm-fields.ts';
import { FIELD_BY_EXPERIMENTER, FIELD_BY_HEADER, FIELD_BY_NAME } from './oxm-index.ts';

const HAS_MASK = 0x100;
const MATCH_TYPE_OXM = 1;

/** One field: header, value and mask (1.3.5, section 7.2.3.2). */
export function putField(w: Writer, field: MatchField): void {
  if (field.kind === 'field') {
    putKnownField(w, field);
    return;
  }
  if ((field.header & 0xff) !== field.bytes.length) {
    throw new OpenFlowEncodeError(
      `match field 0x${field.header.toString(16)} has ${field.bytes.length} bytes`,
    );
  }
  w.u32(field.header);
  w.bytes(field.bytes);
}

function putKnownField(w: Writer, field: KnownField): void {
  const row = FIELD_BY_NAME.get(field.name);
  if (row === undefined) throw new OpenFlowEncodeError(`there is no match field ${field.name}`);
  const { bytes, experimenter } = row.definition;
  w.bits32(field.mask === undefined ? row.exactHeader : row.maskedHeader);
  if (experimenter !== 0) w.u32(experimenter);
  w.exactly(field.value, bytes, field.name);
  if (field.mask !== undefined) w.exactly(field.mask, bytes, `the mask of ${field.name}`);
}

export function getField(r: Reader): MatchField {
  const header = r.i32();
  const length = header & 0xff;
  let row = FIELD_BY_HEADER.get(header);
  if (row === undefined) {
    if (header >>> 16 === OXM_EXPERIMENTER && length >= 4) row = experimenterField(r, header);
    if (row === undefined) {
      return { kind: 'unknown', header: header >>> 0, bytes: r.bytes(length) };
    }
  }
  const count = row.definition.bytes;
  const value = r.bytes(count);
  const mask = (header & HAS_MASK) === 0 ? undefined : r.bytes(count);
  return { kind: 'field', name: row.name, value, mask };
}

/** Reads the experimenter's id; moves back before it when the field is unknown. */
function experimenterField(r: Reader, header: number) {
  const at = r.at;
  const row = FIELD_BY_EXPERIMENTER.get(r.u32())?.get(header);
  if (row === undefined) r.at = at;
  return row;
}

/** The fields of a match, without header and padding. */
function putFields(w: Writer, fields: readonly MatchField[]): void {
  for (const field of fields) putField(w, field);
}

/** Reads fields up to the end of the current structure. */
function getFields(r: Reader): MatchField[] {
  const fields: MatchField[] = [];
  while (r.at < r.end) fields.push(getField(r));
  return fields;
}

/**
 * ofp_match of 1.3: type, length, fields, zeros up to a multiple of eight bytes.
 * @returns where the padding begins
 */
export function putMatch13(w: Writer, match: FlexibleMatch): number {
  const start = w.length;
  w.u16(match.kind === 'oxm' ? MATCH_TYPE_OXM : match.code);
  w.u16(0);
  if (match.kind === 'oxm') putFields(w, match.fields);
  else w.bytes(match.bytes);
  const end = w.length;
  w.patchLength(start + 2, end - start);
  w.padFrom(start);
  return end;
}

export function getMatch13(r: Reader): FlexibleMatch {
  const start = r.at;
  const code = r.u16();
  const length = r.u16();
  const outer = r.enter(length - 4, 'a match');
  const match: FlexibleMatch =
    code === MATCH_TYPE_OXM
      ? { kind: 'oxm', fields: getFields(r) }
      : { kind: 'unknown', code, bytes: r.rest() };
  r.leave(outer);
  skipPadding(r, start);
  return match;
}

/** Nicira's nx_match: the fields, then padding. Returns its length, which is encoded elsewhere. */
export function putNxMatch(w: Writer, match: FlexibleMatch): number {
  if (match.kind !== 'oxm')
    throw new OpenFlowEncodeError('a Nicira message needs a match of OXM fields');
  const start = w.length;
  putFields(w, match.fields);
  const length = w.length - start;
  w.padFrom(start);
  return length;
}

export function getNxMatch(r: Reader, length: number): OxmMatch {
  const start = r.at;
  const outer = r.enter(length, 'a match');
  const fields = getFields(r);
  r.leave(outer);
  skipPadding(r, start);
  return { kind: 'oxm', fields };
}

function skipPadding(r: Reader, start: number): void {
  r.skip(-(r.at - start) & 7);
}
