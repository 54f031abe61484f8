import type { TunnelKind } from '../../../engine/model/tunnel.ts';
import { portIdentity } from '../core/records.ts';

/** `METER_LAYOUT_VERSION` of bpf/records.h. */
export const METER_LAYOUT_VERSION = 2;

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

/** Bits of `kind`: the IP version is in the lower four; and of `vlan_tci`. */
export const IP_VERSION = 0x0f;
export const KIND_802_1AD = 0x10;
export const KIND_TUNNELLED = 0x20;
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
  outerTos: 60,
  outerTtl: 61,
  ipTos: 62,
  ipTtl: 63,
  bytes: 64,
} as const;

/** `struct meter_port`, offsets in bytes, and a bit of its flags. */
export const METER_PORT = {
  identity: 0,
  flags: 16,
  udpDst: 20,
  encapsulation: 22,
  bytes: 24,
  hasEndpoints: 1,
} as const;

/** `struct meter_endpoint`, offsets in bytes; the value is a u32. */
export const METER_ENDPOINT = { ifindex: 0, udpDst: 4, dst: 8, bytes: 24 } as const;

/** Values of `TUNNEL_GENEVE` and `TUNNEL_VXLAN`. */
export const ENCAPSULATION: Readonly<Record<TunnelKind, number>> = { geneve: 1, vxlan: 2 };

/** `struct meter_tunnel_key`, offsets in bytes. */
export const METER_TUNNEL_KEY = {
  port: 0,
  vlanTci: 8,
  kind: 10,
  encapsulation: 11,
  udpDst: 12,
  optionsBytes: 14,
  flags: 15,
  vni: 16,
  src: 24,
  dst: 40,
  options: 56,
  bytes: 120,
} as const;

/** Bits of its flags. */
export const TUNNEL_DF = 0x1;
export const TUNNEL_CHECKSUM = 0x2;
export const TUNNEL_METADATA = 0x4;

/** `struct meter_tunnel`, offsets in bytes. */
export const METER_TUNNEL = { identity: 0, ethDst: 16, ethSrc: 22, bytes: 32 } as const;

const IDENTITY_BYTES = 16;

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
 * The identity of a port by its uuid, two words of 64 bits: the key of the hash of its connections. A
 * sender does not know the uuid, so it cannot make connections with equal hashes.
 */
export function meterIdentity(uuid: string): Uint8Array {
  return portIdentity(uuid).slice(0, IDENTITY_BYTES);
}
