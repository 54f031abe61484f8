import { fileURLToPath } from 'node:url';
import { findKernel } from '../kernel/cache.ts';
import { runGuest } from '../kernel/guest.ts';
import { type FaultName, isSriovReport, type SriovReport } from './report.ts';

export interface SriovOptions {
  /** Moves, there and back count as two. */
  readonly moves: number;
  /** What ends while the virtual function carries the traffic. */
  readonly faults: readonly FaultName[];
}

/** The experiment in the guest ended without a report. */
export class NoSriovReport extends Error {
  override readonly name = 'NoSriovReport';

  constructor(status: number) {
    super(`the experiment ended with exit status ${status}; its messages are above`);
  }
}

/** Boot, Open vSwitch, daemon, agent and keeper on an emulated processor; each move; and each fault, ms. */
const START_MS = 300_000;
const MOVE_MS = 15_000;
const FAULT_MS = 120_000;

/**
 * Boots a kernel with two NICs (igb) that have virtual functions, and lets the daemon move the
 * traffic of a VM there and back. Lines of the guest's console go to standard error.
 *
 * @throws {LabMissing} {@link GuestDied} {@link GuestTimeout} {@link NoSriovReport}
 */
export async function runSriov(options: SriovOptions): Promise<SriovReport> {
  const inGuest = fileURLToPath(new URL('in-guest.js', import.meta.url));
  const { status, result } = await runGuest({
    kernel: findKernel('backports'),
    command: [process.execPath, inGuest, JSON.stringify(options)],
    timeoutMs: START_MS + options.moves * MOVE_MS + options.faults.length * FAULT_MS,
    onLine: (line) => console.error(line),
    sriov: true,
  });
  const report: unknown = result === undefined ? undefined : JSON.parse(result);
  if (status !== 0 || !isSriovReport(report)) throw new NoSriovReport(status);
  return report;
}
