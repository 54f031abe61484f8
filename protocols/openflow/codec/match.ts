import type { OxmName } from './oxm-fields.ts';

/** A known field of a flexible match (OXM, or NXM in Nicira's messages). */
export interface KnownField {
  readonly kind: 'field';
  /** Names of Nicira's own headers begin with `nxm_`; they differ in width and meaning. */
  readonly name: OxmName;
  /** Network byte order, with the field's length. */
  readonly value: Uint8Array;
  /** Same length as `value`; undefined: every bit must match. */
  readonly mask: Uint8Array | undefined;
}

/** An unknown field, kept as received. */
export interface UnknownField {
  readonly kind: 'unknown';
  /** The four bytes of the header: class, field, has-mask, length. */
  readonly header: number;
  /** What follows the header, including an experimenter's id (class 0xffff). */
  readonly bytes: Uint8Array;
}

export type MatchField = KnownField | UnknownField;

/**
 * A flexible match: OXM (OpenFlow 1.3.5, section 7.2.3) or Nicira's NXM, in wire order. Other
 * fields are wildcards.
 */
export interface OxmMatch {
  readonly kind: 'oxm';
  readonly fields: readonly MatchField[];
}

/** The fixed match of OpenFlow 1.0 (section 5.2.3, ofp_match), every member as on the wire. */
export interface Match10 {
  readonly kind: 'of10';
  /** Bits of {@link Wildcard10} and the two counts of ignored low address bits. */
  readonly wildcards: number;
  readonly inPort: number;
  /** MAC addresses, 6 bytes. */
  readonly ethSrc: Uint8Array;
  readonly ethDst: Uint8Array;
  /** 0xffff: untagged. */
  readonly vlanVid: number;
  readonly vlanPcp: number;
  readonly ethType: number;
  /** DSCP in the upper six bits. */
  readonly ipTos: number;
  /** IP protocol, or the low byte of the ARP operation. */
  readonly ipProto: number;
  /** IPv4 addresses as numbers. */
  readonly ipSrc: number;
  readonly ipDst: number;
  /** Transport ports, or ICMP type and code. */
  readonly tpSrc: number;
  readonly tpDst: number;
}

/** A match of 1.3 with a type other than OXM, kept as received. */
export interface UnknownMatch {
  readonly kind: 'unknown';
  readonly code: number;
  /** What follows type and length. */
  readonly bytes: Uint8Array;
}

/** A match, but not of 1.0's fixed form. */
export type FlexibleMatch = OxmMatch | UnknownMatch;

/** A match of either version. */
export type Match = Match10 | FlexibleMatch;

/** Wildcard bits of {@link Match10}; a set bit ignores the field. */
export const Wildcard10 = {
  inPort: 1 << 0,
  vlanVid: 1 << 1,
  ethSrc: 1 << 2,
  ethDst: 1 << 3,
  ethType: 1 << 4,
  ipProto: 1 << 5,
  tpSrc: 1 << 6,
  tpDst: 1 << 7,
  /** Six bits: how many low bits of the address to ignore; 32 and more ignore all of it. */
  ipSrcShift: 8,
  ipDstShift: 14,
  vlanPcp: 1 << 20,
  ipTos: 1 << 21,
  all: (1 << 22) - 1,
} as const;
