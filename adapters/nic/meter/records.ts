import { portIdentity } from '../core/records.ts';

/** `METER_LAYOUT_VERSION` of bpf/records.h. */
export const METER_LAYOUT_VERSION = 1;

/** `struct meter_key`, offsets in bytes. */
export const METER_KEY = {
  port: 0,
  vlanTci: 8,
  kind: 10,
  ipProto: 11,
  l4Src: 12,
  l4Dst: 14,
  src: 16,
  dst: 32,
  bytes: 48,
} as const;

/** Bits of `kind` and `vlan_tci`. */
export const KIND_802_1AD = 0x10;
export const TAG_PRESENT = 0x1000;

/** `struct meter_record`, offsets in bytes. */
export const METER_RECORD = {
  packets: 0,
  octets: 8,
  firstNs: 16,
  lastNs: 24,
  id: 32,
  ethDst: 48,
  ethSrc: 54,
  vlanTpid: 60,
  ipTos: 62,
  ipTtl: 63,
  bytes: 64,
} as const;

/** Bytes of `struct meter_port`: the identity of a port. */
export const METER_PORT_BYTES = 16;

/** Words of the map `meter_control`. */
export const METER_CONTROL = {
  untilNs: 0,
  version: 1,
  sampling: 2,
  busyPackets: 3,
  words: 4,
} as const;

/** `struct meter_pace`, offsets in bytes. */
export const METER_PACE = { window: 0, packets: 8, skips: 12, times: 16, bytes: 24 } as const;

/** `WINDOW_SHIFT`, as ms: how long packets are counted to tell whether a processor is busy. */
export const WINDOW_MS = 2 ** 24 / 1e6;

/**
 * The identity of a port by its uuid, a `struct meter_port`: the key of the hash of its connections. A
 * sender does not know the uuid, so it cannot make connections with equal hashes.
 */
export function meterIdentity(uuid: string): Uint8Array {
  return portIdentity(uuid).slice(0, METER_PORT_BYTES);
}
