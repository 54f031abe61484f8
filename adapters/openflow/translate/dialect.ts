import type { Version } from '../../../protocols/openflow/codec/version.ts';

/** What can be said to a switch. */
export interface Dialect {
  readonly version: Version;
  /** It knows Nicira's match fields (Open vSwitch and its kin): fragments, TTL, TCP flags, masks. */
  readonly nicira: boolean;
}

/** Open vSwitch as it introduces itself (ofproto/ofproto.c). */
const NICIRA = 'Nicira, Inc.';

/** The dialect of a switch. @param manufacturer of its description, when it gave one */
export function dialectOf(version: Version, manufacturer: string | undefined): Dialect {
  return { version, nicira: manufacturer === NICIRA };
}
