import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { ActionProgram } from './action-codec.ts';
import type { Overwrite } from './overwrites.ts';

/** Offsets in `struct flow_entry` (bpf/layout.h). */
export const ENTRY = {
  lastLeftNs: 0,
  trainUntilNs: 8,
  ufid: 16,
  statsSlot: 32,
  outPort: 36,
  outIfindex: 40,
  flags: 44,
  tunnelSrcPort: 46,
  tunnelHeader: 48,
  pushTpid: 48,
  pushTci: 50,
  ipTtl: 52,
  ipTtlMask: 53,
  ipTos: 54,
  ipTosMask: 55,
  ethDst: 56,
  ethSrc: 62,
  ethDstMask: 68,
  ethSrcMask: 74,
  src: 80,
  dst: 96,
  l4Src: 112,
  l4Dst: 114,
  l4SrcMask: 116,
  l4DstMask: 118,
  bytes: 120,
} as const;

const UFID = ENTRY.ufid / 4;

/** Bits of its flags. */
export const ENTRY_FLAG = {
  drop: 1,
  popVlan: 2,
  pushVlan: 4,
  setEth: 8,
  setIp: 16,
  setSrc: 32,
  setDst: 64,
  setPorts: 128,
  pushTunnel: 256,
} as const;

const FLAGS = ENTRY.flags / 4;

/** Words of an entry, and of one that only redirects: the others are zero while its flags are. */
export const VALUE_WORDS = ENTRY.bytes / 4;
const PLAIN_WORDS = FLAGS + 1;

/** Number of words that an entry at `at` has, the flags among them; all others are zero. */
export function wordsOf(words: Uint32Array, at: number): number {
  return words[at + FLAGS] === 0 ? PLAIN_WORDS : VALUE_WORDS;
}

const IPV4_BYTES = 4;

/** Where the packets of an entry go: a port id and the device it stands for. */
export interface Target {
  readonly id: number;
  readonly ifindex: number;
}

function flagsOf(program: ActionProgram): number {
  const setsEth = program.ethDst !== undefined || program.ethSrc !== undefined;
  const setsIp = program.ipTtl !== undefined || program.ipTos !== undefined;
  const setsPorts = program.l4Src !== undefined || program.l4Dst !== undefined;
  return (
    (program.output === undefined ? ENTRY_FLAG.drop : 0) |
    (program.popVlan ? ENTRY_FLAG.popVlan : 0) |
    (program.pushVlan === undefined ? 0 : ENTRY_FLAG.pushVlan) |
    (setsEth ? ENTRY_FLAG.setEth : 0) |
    (setsIp ? ENTRY_FLAG.setIp : 0) |
    (program.src === undefined ? 0 : ENTRY_FLAG.setSrc) |
    (program.dst === undefined ? 0 : ENTRY_FLAG.setDst) |
    (setsPorts ? ENTRY_FLAG.setPorts : 0) |
    (program.tunnel === undefined ? 0 : ENTRY_FLAG.pushTunnel)
  );
}

/** Index of the tunnel header of the entry whose words begin at `at`; 0: it has no tunnel. */
export function tunnelHeaderOf(values: Uint32Array, at: number): number {
  const hasTunnel = (values[at + ENTRY.flags / 4] & ENTRY_FLAG.pushTunnel) !== 0;
  return hasTunnel ? values[at + ENTRY.tunnelHeader / 4] : 0;
}

/** Network byte order. */
function putU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}

function overwrite(
  bytes: Uint8Array,
  how: Overwrite | undefined,
  valueAt: number,
  maskAt: number,
): void {
  if (how === undefined) return;
  bytes.set(how.value, valueAt);
  bytes.set(how.mask, maskAt);
}

/** An IPv6 address, which is rewritten as a whole; or an IPv4 address, then its mask. */
function putAddress(bytes: Uint8Array, how: Overwrite | undefined, at: number): void {
  if (how === undefined) return;
  bytes.set(how.value, at);
  if (how.value.length === IPV4_BYTES) bytes.set(how.mask, at + IPV4_BYTES);
}

/** Sets the flow of an encoded entry. */
export function setId(words: Uint32Array, id: FlowId): void {
  words[UFID] = id.w0;
  words[UFID + 1] = id.w1;
  words[UFID + 2] = id.w2;
  words[UFID + 3] = id.w3;
}

/**
 * Encodes an entry without its stats slot, the index of its tunnel header and its times, which are set when
 * it is written.
 *
 * @param words of `struct flow_entry`
 * @param bytes the same memory
 * @param target undefined when the packets are dropped
 */
export function encodeEntry(
  words: Uint32Array,
  bytes: Uint8Array,
  id: FlowId,
  program: ActionProgram,
  target: Target | undefined,
): void {
  // Not fill, whose call costs more than the loop.
  for (let i = 0; i < words.length; i++) words[i] = 0;
  setId(words, id);
  words[ENTRY.outPort / 4] = target?.id ?? 0;
  words[ENTRY.outIfindex / 4] = target?.ifindex ?? 0;
  const flags = flagsOf(program);
  words[ENTRY.flags / 4] = flags;
  if (program.tunnel !== undefined) {
    putU16(bytes, ENTRY.tunnelSrcPort, program.tunnel.srcPort);
  } else if (program.pushVlan !== undefined) {
    putU16(bytes, ENTRY.pushTpid, program.pushVlan.tpid);
    putU16(bytes, ENTRY.pushTci, program.pushVlan.tci);
  }
  if ((flags & ENTRY_FLAG.setIp) !== 0) {
    overwrite(bytes, program.ipTtl, ENTRY.ipTtl, ENTRY.ipTtlMask);
    overwrite(bytes, program.ipTos, ENTRY.ipTos, ENTRY.ipTosMask);
  }
  if ((flags & ENTRY_FLAG.setEth) !== 0) {
    overwrite(bytes, program.ethDst, ENTRY.ethDst, ENTRY.ethDstMask);
    overwrite(bytes, program.ethSrc, ENTRY.ethSrc, ENTRY.ethSrcMask);
  }
  putAddress(bytes, program.src, ENTRY.src);
  putAddress(bytes, program.dst, ENTRY.dst);
  if ((flags & ENTRY_FLAG.setPorts) !== 0) {
    overwrite(bytes, program.l4Src, ENTRY.l4Src, ENTRY.l4SrcMask);
    overwrite(bytes, program.l4Dst, ENTRY.l4Dst, ENTRY.l4DstMask);
  }
}
