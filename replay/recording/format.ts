/*
 * Format of a recording, version 2: the traffic of a node's flows, tick by tick.
 *
 *   recording  magic, version, block...
 *   magic      the eight bytes of MAGIC; version: one byte
 *   block      type (1 byte), length of what follows (4 bytes, little-endian), content
 *
 * Blocks of unknown types are skipped. Numbers in ticks are unsigned LEB128 ("varint") unless noted
 * otherwise; a text is its length and its UTF-8. A name is a number: 0, followed by a text; n, for
 * the n-th name of the recording; or the number of names so far plus 1, followed by a text, which
 * gets that number.
 *
 *   start  JSON, first block: {@link RecordingStart}
 *   ports  JSON: all ports (PortInfo[]), before the first tick that has them
 *   end    JSON, last block: {@link RecordingEnd}
 *   tick   duration since the last tick, us
 *          ticks lost just before it
 *          flags: 1 has host CPU, 2 has packet cost; then the host CPU's share, then the
 *            cost of a packet through the vSwitch, ns (float64 each)
 *          totals of the daemon since the last tick: packets and bytes through the vSwitch, packets
 *            and bytes carried
 *          port loads: count; name, bits/s received, bits/s sent (float64 each)
 *          flows that ended unrecorded, their packets, their bytes
 *          flows gone: count; slot, packets, bytes each
 *          flows new: count; slot, id (four 32-bit words, little-endian), flow
 *          flows changed: count; slot, flow
 *          traffic: count; slot, packets, bytes, time since the last packet (ms) each
 *   slot   difference to the slot before in the list; slots ascend
 *   flow   in port (name)
 *          fields: count; name, length in bytes (+ 128: has a mask), value, mask
 *          other conditions: count; name and text each
 *          actions: count; each a kind: 1 output, port (name); 2 set, as a field, always with a
 *            mask; 3 push VLAN, TPID, VID, PCP; 4 pop VLAN; 5 another, text; 6 push tunnel, header
 *          arrives in a tunnel (since version 2): 0; or 1, kind, fields, VNI, options, then DF and UDP
 *            checksum: 0 either, 1 no, 2 yes
 *   header kind; with (1) or without (0) Ethernet, source and destination MAC address; size of an address, source and
 *          destination address; TOS, TTL (1 byte each); DF, 0 or 1; UDP source port plus 1, or 0 for none;
 *          UDP destination port; UDP checksum, 0 or 1; VNI, options
 *   kind   of a tunnel: 1 Geneve, 2 VXLAN
 *   options  length and bytes
 *
 * Packets and bytes are since the last tick, over all paths.
 */

/** `NORIKAE` and a control character, which no text file contains. */
export const MAGIC = Uint8Array.of(0x4e, 0x4f, 0x52, 0x49, 0x4b, 0x41, 0x45, 0x1a);
export const VERSION = 2;
/** The oldest version that can be read. It has no tunnels. */
export const OLDEST_VERSION = 1;
/** Size of a block's header, bytes. */
export const BLOCK_HEADER = 5;
/** Maximum content of a block, bytes. A tick of a million flows has about 12 MB. */
export const MAX_BLOCK_BYTES = 64 * 1024 * 1024;
/** Maximum of numbered names; further names are repeated as text. */
export const MAX_NAMES = 65_536;
/** Upper limit of slots, exclusive. */
export const MAX_SLOTS = 2 ** 22;
/** Flags of a tick: fields of the node that are present. */
export const HOST_CPU = 1;
export const PACKET_COST = 2;
/** Bit in a field's length: the field has a mask. */
export const MASKED = 0x80;

/** Types of blocks. */
export const Block = { start: 1, ports: 2, tick: 3, end: 4 } as const;

/** Kinds of actions. */
export const Action = {
  output: 1,
  set: 2,
  pushVlan: 3,
  popVlan: 4,
  other: 5,
  pushTunnel: 6,
} as const;

/** Kinds of tunnels. */
export const Kind = { geneve: 1, vxlan: 2 } as const;

/** First block of a recording. */
export interface RecordingStart {
  /** Version of the daemon. */
  readonly version: string;
  /** ms since 1970-01-01 UTC; null if the daemon has no wall clock. */
  readonly startedMs: number | null;
  readonly periodMs: number;
  /** Backends of the daemon. */
  readonly tables: readonly { readonly backend: string; readonly entries: number }[];
}

/** Last block of a recording. */
export interface RecordingEnd {
  /** Why the recording ended, as a text. */
  readonly reason: string;
}
