import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { ActionProgram, Overwrite } from './action-codec.ts';

/** Offsets in `struct flow_entry` (bpf/layout.h). */
export const ENTRY = {
  lastHeartbeatNs: 0,
  ufid: 8,
  statsSlot: 24,
  outPort: 28,
  outIfindex: 32,
  flags: 36,
  pushTpid: 40,
  pushTci: 42,
  ipTtl: 44,
  ipTtlMask: 45,
  ipTos: 46,
  ipTosMask: 47,
  ethDst: 48,
  ethSrc: 54,
  ethDstMask: 60,
  ethSrcMask: 66,
  bytes: 72,
} as const;

/** Bits of its flags. */
export const ENTRY_FLAG = { drop: 1, popVlan: 2, pushVlan: 4, setEth: 8, setIp: 16 } as const;

/** Where the packets of an entry go: a port id and the device it stands for. */
export interface Target {
  readonly portId: number;
  readonly ifindex: number;
}

const touches = (overwrite: Overwrite) => overwrite.mask.some((bits) => bits !== 0);

function flagsOf(program: ActionProgram): number {
  return (
    (program.output === undefined ? ENTRY_FLAG.drop : 0) |
    (program.popVlan ? ENTRY_FLAG.popVlan : 0) |
    (program.pushVlan === undefined ? 0 : ENTRY_FLAG.pushVlan) |
    (touches(program.ethDst) || touches(program.ethSrc) ? ENTRY_FLAG.setEth : 0) |
    (touches(program.ipTtl) || touches(program.ipTos) ? ENTRY_FLAG.setIp : 0)
  );
}

/**
 * Encodes an entry but for its stats slot and heartbeat time, which are set when it is written.
 *
 * @param target undefined when the packets are dropped
 */
export function encodeEntry(
  id: FlowId,
  program: ActionProgram,
  target: Target | undefined,
): Uint8Array {
  const bytes = new Uint8Array(ENTRY.bytes);
  const view = new DataView(bytes.buffer);
  [id.w0, id.w1, id.w2, id.w3].forEach((word, i) => view.setUint32(ENTRY.ufid + i * 4, word, true));
  view.setUint32(ENTRY.outPort, target?.portId ?? 0, true);
  view.setUint32(ENTRY.outIfindex, target?.ifindex ?? 0, true);
  view.setUint32(ENTRY.flags, flagsOf(program), true);
  if (program.pushVlan !== undefined) {
    view.setUint16(ENTRY.pushTpid, program.pushVlan.tpid);
    view.setUint16(ENTRY.pushTci, program.pushVlan.tci);
  }
  bytes[ENTRY.ipTtl] = program.ipTtl.value[0];
  bytes[ENTRY.ipTtlMask] = program.ipTtl.mask[0];
  bytes[ENTRY.ipTos] = program.ipTos.value[0];
  bytes[ENTRY.ipTosMask] = program.ipTos.mask[0];
  bytes.set(program.ethDst.value, ENTRY.ethDst);
  bytes.set(program.ethSrc.value, ENTRY.ethSrc);
  bytes.set(program.ethDst.mask, ENTRY.ethDstMask);
  bytes.set(program.ethSrc.mask, ENTRY.ethSrcMask);
  return bytes;
}
