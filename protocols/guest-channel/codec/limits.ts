/* Bounds of the channel; both sides enforce them. */

/** Longest message, bytes without the newline. */
export const MAX_LINE_BYTES = 256 * 1024;
/** Rules in one `put`. */
export const MAX_RULES_PER_PUT = 64;
/** Rules of one guest. */
export const MAX_RULES = 4_096;
/** Network devices that a guest may report. */
export const MAX_DEVICES = 64;
/** Counters in one reply. */
export const MAX_COUNTERS_PER_REPLY = 1_024;
/** Longest text that one side may show the other, characters. */
export const MAX_TEXT = 200;
/** Ids of rules are handles of tc, which are 32 bits wide; 0 means "none" there. */
export const MAX_RULE_ID = 0x7fff_ffff;
/** Longest lease, ms. */
export const MAX_LEASE_MS = 60_000;
