import { resultOfGuest } from '../kernel/guest-result.ts';
import { type FaultName, isSriovReport, type SriovReport } from './report.ts';

export interface SriovOptions {
  /** Moves, there and back count as two. */
  readonly moves: number;
  /** What ends while the virtual function carries the traffic. */
  readonly faults: readonly FaultName[];
}

/** Boot, Open vSwitch, daemon, agent and keeper on an emulated processor; each move; and each fault, ms. */
const START_MS = 300_000;
const MOVE_MS = 15_000;
const FAULT_MS = 120_000;

/**
 * Boots a kernel with two NICs (igb) that have virtual functions, and lets the daemon move the
 * traffic of a VM there and back. Lines of the guest's console go to standard error.
 *
 * @throws {LabMissing} {@link GuestDied} {@link GuestTimeout} {@link NoGuestResult}
 */
export function runSriov(options: SriovOptions): Promise<SriovReport> {
  return resultOfGuest({
    what: 'the experiment',
    script: new URL('in-guest.js', import.meta.url),
    args: [JSON.stringify(options)],
    timeoutMs: START_MS + options.moves * MOVE_MS + options.faults.length * FAULT_MS,
    isResult: isSriovReport,
    sriov: true,
  });
}
