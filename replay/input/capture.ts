/** A packet of a capture; one object is reused for all packets. */
export interface CapturedPacket {
  /** Holds the captured bytes at `from .. to`; valid until the reader's next `push`. */
  data: Uint8Array;
  from: number;
  to: number;
  /** Length on the wire as captured: with the link header, without the frame check sequence. */
  wireBytes: number;
  /** ms since 1970-01-01 UTC. */
  atMs: number;
  /** Link type. */
  link: number;
  /** Capture interface, numbered across the file. */
  iface: number;
}

/** Reads a capture from chunks of bytes. */
export interface CaptureReader {
  readonly format: 'pcap' | 'pcapng';
  push(chunk: Uint8Array): void;
  /**
   * Reads the next packet; false if more bytes are needed.
   *
   * @throws {TraceDamaged}
   */
  next(packet: CapturedPacket): boolean;
  /**
   * Declares the input complete.
   *
   * @throws {TraceDamaged} if the file ends inside a block or packet
   */
  end(): void;
  /** Name of a capture interface, numbered across the file. */
  interfaceName(iface: number): string;
}

/** A packet object for `next`. */
export function blankPacket(): CapturedPacket {
  return { data: new Uint8Array(0), from: 0, to: 0, wireBytes: 0, atMs: 0, link: 0, iface: 0 };
}

/** Maximum captured bytes of a packet (libpcap's MAXIMUM_SNAPLEN). */
const MAX_CAPTURED = 262_144;
/** Latest time stamp, ms since 1970: the year 2248. */
export const MAX_TIME_MS = 2 ** 43;

/**
 * Maximum captured bytes of a packet for a snapshot length (0: none). Some writers exceed a small
 * snapshot length slightly, so values below 64 KiB are not enforced.
 */
export function maxCapturedBytes(snapLength: number): number {
  if (snapLength === 0) return MAX_CAPTURED;
  return Math.min(MAX_CAPTURED, Math.max(snapLength, 65_536));
}
