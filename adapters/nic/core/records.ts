import { createHash } from 'node:crypto';
import { KEY_BYTES } from './key-layout.ts';

/** `LAYOUT_VERSION` of bpf/layout.h. */
export const LAYOUT_VERSION = 7;

/** Words of the control map. */
export const CONTROL = {
  leaseUntilNs: 0,
  minStallNs: 1,
  layoutVersion: 2,
  nextPortId: 3,
  nextMaskId: 4,
  devicesMapId: 5,
  trainNs: 6,
  tunnelPorts: 7,
  tunnelShapes: 8,
  words: 9,
} as const;

/** `struct lease_request`. */
export const LEASE_REQUEST = { verifiedNs: 0, untilNs: 8, bytes: 16 } as const;

/** `struct port_ref`. */
export const PORT_REF = {
  portId: 0,
  flags: 4,
  heartbeatNs: 8,
  heartbeatLimitNs: 16,
  bytes: 24,
  tagsInFrame: 1,
  checksumsOpen: 2,
} as const;

/** `struct port_info`. */
export const PORT_INFO = { ifindex: 0, flags: 4, identity: 8, bytes: 40 } as const;

/** `MAX_MASKS`. */
export const MAX_MASKS = 128;

/** `struct flow_mask` and `struct mask_set`. */
export const FLOW_MASK = { words: 0, maskId: KEY_BYTES, bytes: KEY_BYTES + 8 } as const;
export const MASK_SET = {
  count: 0,
  masks: 8,
  bytes: 8 + MAX_MASKS * FLOW_MASK.bytes,
} as const;

/** `MAX_TUNNEL_OPTIONS`, `MAX_TUNNEL_HEADER`: most bytes of Geneve options, and of all outer headers. */
export const MAX_TUNNEL_OPTIONS = 64;
export const MAX_TUNNEL_HEADER = 138;

/** `struct tunnel_header`, and the bits of its flags. */
export const TUNNEL_HEADER = {
  length: 0,
  l3: 2,
  l4: 3,
  flags: 4,
  ipSum: 8,
  udpSum: 12,
  headers: 16,
  bytes: 156,
  ipv4: 1,
  checksum: 2,
  doNotFragment: 4,
} as const;

/** `struct tunnel_key`, and the bits of its shape. */
export const TUNNEL_KEY = {
  inPort: 0,
  shape: 4,
  ethDst: 8,
  ethSrc: 14,
  src: 20,
  dst: 36,
  ethType: 52,
  udpDst: 54,
  head: 56,
  options: 64,
  bytes: 64 + MAX_TUNNEL_OPTIONS,
} as const;
export const TUNNEL_SHAPE = { ethDst: 1, ethSrc: 2, ipSrc: 4, ipDst: 8 } as const;

/** Set in the ids of tunnels that packets arrive in, which stand in keys where those of ports do. */
export const TUNNEL_ID = 0x8000_0000;

/** Most UDP ports of such tunnels, in the word {@link CONTROL.tunnelPorts}. */
export const MAX_TUNNEL_PORTS = 4;

/** Bytes of `struct flow_stats`, and the u32 word of each member's lower half. */
export const STATS_BYTES = 32;
export const STATS_WORD = { packets: 0, bytes: 2, lastNs: 4, gapNs: 6 } as const;

/** The SHA-256 of a port's uuid, for `struct port_info`. */
export function portIdentity(uuid: string): Uint8Array {
  return createHash('sha256').update(uuid).digest();
}

/** A u32 in the machine's byte order. */
export function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

/** A u64 in the machine's byte order. */
export function u64(value: bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(value).buffer);
}

/** The u32 at `at`. */
export function u32At(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}
