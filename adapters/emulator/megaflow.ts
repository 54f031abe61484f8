import type { FlowAction } from '../../engine/model/action.ts';
import type { FlowId } from '../../engine/model/flow-id.ts';
import {
  type FieldMatch,
  type FieldName,
  FIELD_BITS,
  fieldBytes,
  type FlowMatch,
} from '../../engine/model/match.ts';
import { mix32 } from './random.ts';

/** `value` in the bytes of a field: unsigned, at most 48 bits, network byte order. */
function bytesOf(field: FieldName, value: number): Uint8Array {
  const bytes = new Uint8Array(fieldBytes(field));
  let rest = value;
  for (let i = bytes.length - 1; i >= 0 && rest > 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

/** A mask with every bit of the field set. */
function exactMask(field: FieldName): Uint8Array {
  const mask = new Uint8Array(fieldBytes(field)).fill(0xff);
  mask[0] = 0xff >> (mask.length * 8 - FIELD_BITS[field]);
  return mask;
}

/** A match on the whole field. */
export function exact(field: FieldName, value: number): FieldMatch {
  return { field, value: bytesOf(field, value), mask: exactMask(field) };
}

/** Overwrites the whole field. */
export function setField(field: FieldName, value: number): FlowAction {
  return { kind: 'set', field, value: bytesOf(field, value), mask: exactMask(field) };
}

/** A MAC address as a number. */
export function macNumber(mac: string): number {
  return Number.parseInt(mac.replaceAll(':', ''), 16);
}

/** The whole match as text, which the emulated vSwitch hashes into the flow's id. */
function keyText(match: FlowMatch): string {
  const parts = [match.inPort];
  for (const f of match.fields) {
    parts.push(f.field, String.fromCharCode(...f.value), String.fromCharCode(...f.mask));
  }
  for (const o of match.opaque) parts.push(o.name, o.text);
  return parts.join('|');
}

/** The id of the megaflow with this match: a hash of its key, as a ufid is. */
export function flowIdOf(match: FlowMatch): FlowId {
  const key = keyText(match);
  let a = 0x243f6a88;
  let b = 0x85a308d3;
  let c = 0x13198a2e;
  let d = 0x03707344;
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    a = Math.imul(a ^ code, 0x9e3779b1);
    b = Math.imul((b ^ code) + a, 0x85ebca6b);
    c = Math.imul((c ^ code) + (b >>> 15), 0xc2b2ae35);
    d = Math.imul((d ^ code) + (c >>> 13), 0x27d4eb2f);
  }
  return { w0: mix32(a ^ (d >>> 16)), w1: mix32(b ^ a), w2: mix32(c ^ b), w3: mix32(d ^ c) };
}
