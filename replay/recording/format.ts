/*
 * Norikae's recording, version 1: what the flows of a node did, tick by tick.
 *
 *   recording  magic, version, block...
 *   magic      the eight bytes of MAGIC; version: one byte
 *   block      type (1 byte), length of what follows (4 bytes, little-endian), content
 *
 * Blocks of unknown types are passed over. Numbers in ticks are unsigned LEB128 ("varint") unless
 * said otherwise; a text is its length and its UTF-8. A name is a number: 0 and a text; n, the n-th
 * name of the recording; or the number of names so far plus 1, and a text, which is so named from
 * there on.
 *
 *   start  JSON, first block: {@link RecordingStart}
 *   ports  JSON: every port (PortInfo[]), before the tick from which on they are there
 *   end    JSON, last block: {@link RecordingEnd}
 *   tick   duration since the last tick, us
 *          ticks that were lost just before it
 *          flags: 1 host CPU is known, 2 the cost of a packet is; then the host CPU's share, then the
 *            cost of a packet through the vSwitch, ns (float64 each)
 *          what the daemon saw since the last tick: packets and bytes through the vSwitch, packets
 *            and bytes carried
 *          port loads: count; name, bits/s received, bits/s sent (float64 each)
 *          flows that came and went unrecorded, their packets, their bytes
 *          flows gone: count; slot, packets, bytes each
 *          flows new: count; slot, id (four 32-bit words, little-endian), flow
 *          flows changed: count; slot, flow
 *          traffic: count; slot, packets, bytes, time since the last of them (ms) each
 *   slot   the flow's place, as the distance to the slot before in its list, of ascending slots
 *   flow   in port (name)
 *          fields: count; name, length in bytes (+ 128: has a mask), value, mask
 *          other conditions: count; name and text each
 *          actions: count; each a kind: 1 output, port (name); 2 set, as a field, always with a
 *            mask; 3 push VLAN, TPID, VID, PCP; 4 pop VLAN; 5 another, text
 *
 * Packets and bytes are those since the last tick, over all paths.
 */

/** `NORIKAE` and a byte that no text has. */
export const MAGIC = Uint8Array.of(0x4e, 0x4f, 0x52, 0x49, 0x4b, 0x41, 0x45, 0x1a);
export const VERSION = 1;
/** Bytes before a block's content. */
export const BLOCK_HEADER = 5;
/** Longest content of a block: a tick of a million flows has about 12 MB. */
export const LONGEST_BLOCK = 64 * 1024 * 1024;
/** Names that are numbered; further ones are written out each time. */
export const MAX_NAMES = 65_536;
/** Slots are below this. */
export const MAX_SLOTS = 2 ** 22;
/** Flags of a tick: what is known of the node. */
export const HOST_CPU = 1;
export const PACKET_COST = 2;
/** Set in the length of a field that has a mask. */
export const MASKED = 0x80;

/** Types of blocks. */
export const Block = { start: 1, ports: 2, tick: 3, end: 4 } as const;

/** Kinds of actions. */
export const Action = { output: 1, set: 2, pushVlan: 3, popVlan: 4, other: 5 } as const;

/** What stands at the beginning of a recording. */
export interface RecordingStart {
  /** Of the daemon. */
  readonly version: string;
  /** ms since 1970-01-01 UTC; null: the daemon does not know. */
  readonly startedMs: number | null;
  readonly periodMs: number;
  /** The backends that the daemon had. */
  readonly tables: readonly { readonly backend: string; readonly entries: number }[];
}

/** What stands at the end of a recording. */
export interface RecordingEnd {
  /** Why it ends, in words. */
  readonly reason: string;
}
