import type { Version } from '../../../protocols/openflow/codec/version.ts';

/** The version and extensions that a switch supports. */
export interface Dialect {
  readonly version: Version;
  /** Supports Nicira's match fields, as Open vSwitch does: fragments, TTL, TCP flags, masks. */
  readonly nicira: boolean;
}

/** Manufacturer that Open vSwitch reports (ofproto/ofproto.c). */
const NICIRA = 'Nicira, Inc.';

/** The dialect of a switch. @param manufacturer of its description, if it sent one */
export function dialectOf(version: Version, manufacturer: string | undefined): Dialect {
  return { version, nicira: manufacturer === NICIRA };
}
