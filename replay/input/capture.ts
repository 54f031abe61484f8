/** A packet of a capture; one object is used for all of them. */
export interface CapturedPacket {
  /** Holds what was captured of it at `from .. to`, until the reader is given more bytes. */
  data: Uint8Array;
  from: number;
  to: number;
  /** Length on the wire, as the capture tells it: with the link's header, without its checksum. */
  wireBytes: number;
  /** ms since 1970-01-01 UTC. */
  atMs: number;
  /** Link type. */
  link: number;
  /** Interface it was captured at, counted over the file. */
  iface: number;
}

/** Reads a capture from bytes that come in pieces. */
export interface CaptureReader {
  readonly format: 'pcap' | 'pcapng';
  push(chunk: Uint8Array): void;
  /**
   * Reads the next packet; false: more bytes are needed.
   *
   * @throws {TraceDamaged}
   */
  next(packet: CapturedPacket): boolean;
  /**
   * Tells that no more bytes come.
   *
   * @throws {TraceDamaged} when the file ends in the middle of something
   */
  end(): void;
  /** Name of an interface, counted over the file. */
  interfaceName(iface: number): string;
}

/** A packet to be read into. */
export function blankPacket(): CapturedPacket {
  return { data: new Uint8Array(0), from: 0, to: 0, wireBytes: 0, atMs: 0, link: 0, iface: 0 };
}

/** Most bytes of a packet that a capture may hold (libpcap's MAXIMUM_SNAPLEN). */
const MAX_CAPTURED = 262_144;
/** Latest time, ms since 1970: the year 2248. */
export const LATEST_MS = 2 ** 43;

/**
 * Most bytes of one packet in a capture with this snapshot length: writers are known to go a
 * little over a small one, so that it counts only from 64 KiB on. 0: none is told.
 */
export function mostCaptured(snapLength: number): number {
  if (snapLength === 0) return MAX_CAPTURED;
  return Math.min(MAX_CAPTURED, Math.max(snapLength, 65_536));
}
