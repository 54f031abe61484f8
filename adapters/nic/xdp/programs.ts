import { dirname, join } from 'node:path';
import { LEASE_PROGRAM } from '../core/lease.ts';
import type { LoadedProgram, ObjectFile } from '../core/program-loader.ts';

/**
 * The programs that can be attached to a device, by how they find VLAN tags: `bound` and `jumbo` as the
 * driver reports them, `jumbo` also in frames that do not fit into one buffer.
 */
export const PROGRAMS = {
  plain: 'norikae_plain',
  bound: 'norikae_bound',
  jumbo: 'norikae_jumbo',
} as const;
export type ProgramKind = keyof typeof PROGRAMS;

/** The program of a kind for a device. */
export function programFor(kind: ProgramKind, ifindex: number): LoadedProgram {
  const name = PROGRAMS[kind];
  return kind === 'plain' ? { name } : { name, boundTo: ifindex };
}

/**
 * Largest MTU of frames that fit into one buffer, bytes: a page of 4,096 without the headroom (256), the
 * Ethernet header and `struct skb_shared_info` (veth_xdp_set in drivers/net/veth.c). Other drivers have
 * limits of the same size.
 */
const MAX_LINEAR_MTU = 3_506;

/** The program that reads VLAN tags from metadata, for a device of this MTU. */
export function boundKind(mtu: number): Exclude<ProgramKind, 'plain'> {
  return mtu > MAX_LINEAR_MTU ? 'jumbo' : 'bound';
}

/** The program that detects failed redirects. */
export const GUARD_PROGRAM = 'norikae_guard';

/** The objects with the programs; `bound` is beside the other. */
export function xdpObjects(objectPath: string): readonly ObjectFile[] {
  const boundPath = join(dirname(objectPath), 'bound.bpf.o');
  return [
    { path: objectPath, names: [PROGRAMS.plain, GUARD_PROGRAM, LEASE_PROGRAM] },
    { path: boundPath, names: [PROGRAMS.bound, PROGRAMS.jumbo] },
  ];
}
