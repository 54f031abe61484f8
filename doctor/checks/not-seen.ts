import { type Check, failed } from '../model/check.ts';
import type { Unseen } from '../model/seen.ts';

/** Capabilities that the daemon needs, and their bits (linux/capability.h). */
export const CAPABILITIES = [
  ['CAP_NET_ADMIN', 12],
  ['CAP_PERFMON', 38],
  ['CAP_BPF', 39],
] as const;

/** Contains every capability that implies the newer ones. */
const SYS_ADMIN = 1n << 21n;

/** Names of the needed capabilities that the process lacks. */
export function missingCapabilities(capabilities: bigint): readonly string[] {
  return CAPABILITIES.filter(([name, bit]) => {
    const implied = name !== 'CAP_NET_ADMIN' && (capabilities & SYS_ADMIN) !== 0n;
    return !implied && (capabilities & (1n << BigInt(bit))) === 0n;
  }).map(([name]) => name);
}

/** How to see what this process cannot. */
export const RUN_AS_ROOT = 'run as root to see it: sudo norikae doctor';

/** A check of something that could not be seen. @param remedy for a process that may see it */
export function notSeen(name: string, { unseen, isDenied }: Unseen, remedy: string): Check {
  return isDenied
    ? failed(name, `cannot be seen: ${unseen}`, RUN_AS_ROOT)
    : failed(name, unseen, remedy);
}
