import { fieldBytes } from '../../engine/model/match.ts';
import type { FieldMatch, FieldName, FlowMatch } from '../../engine/model/match.ts';

/** A number as the bytes of a field. */
export function numberBytes(field: FieldName, value: number): Uint8Array {
  const bytes = new Uint8Array(fieldBytes(field));
  let rest = value;
  for (let i = bytes.length - 1; i >= 0; i--) {
    bytes[i] = rest & 0xff;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

/** All bits of a field. */
export function allBits(field: FieldName): Uint8Array {
  const bits: Partial<Record<FieldName, number>> = {
    vlan_vid: 0xfff,
    vlan_pcp: 7,
    cvlan_vid: 0xfff,
    cvlan_pcp: 7,
    ip_frag: 3,
    tcp_flags: 0xfff,
    ipv6_flabel: 0xfffff,
  };
  const some = bits[field];
  return some === undefined
    ? new Uint8Array(fieldBytes(field)).fill(0xff)
    : numberBytes(field, some);
}

/** An exact match of a field. */
export function exactly(field: FieldName, value: number | Uint8Array): FieldMatch {
  const bytes = typeof value === 'number' ? numberBytes(field, value) : value;
  return { field, value: bytes, mask: allBits(field) };
}

/** A match of exact fields. */
export function matchOn(inPort: string, ...fields: readonly FieldMatch[]): FlowMatch {
  return { inPort, fields, opaque: [] };
}
