import { LEASE_PROGRAM } from '../core/lease.ts';
import type { LoadedProgram } from '../core/program-loader.ts';

/** The programs that can be attached to a device, by how they find VLAN tags. */
export const PROGRAMS = { plain: 'norikae_plain', bound: 'norikae_bound' } as const;
export type ProgramKind = keyof typeof PROGRAMS;

/** The program of a kind for a device. */
export function programFor(kind: ProgramKind, ifindex: number): LoadedProgram {
  const name = PROGRAMS[kind];
  return kind === 'bound' ? { name, boundTo: ifindex } : { name };
}

/** The program that detects failed redirects. */
export const GUARD_PROGRAM = 'norikae_guard';

/** All programs of the BPF object. */
export const PROGRAM_NAMES: readonly string[] = [
  ...Object.values(PROGRAMS),
  GUARD_PROGRAM,
  LEASE_PROGRAM,
];
