import { fileURLToPath } from 'node:url';
import { findKernel } from '../kernel/cache.ts';
import { runGuest } from '../kernel/guest.ts';
import type { CompareOptions } from './compare.ts';
import { type CompareReport, isCompareReport } from './report.ts';

/** A comparison in a guest ended without a report. */
export class NoReport extends Error {
  override readonly name = 'NoReport';

  constructor(status: number) {
    super(`the comparison in the guest ended with exit status ${status}; its messages are above`);
  }
}

/**
 * Boots the kernel of Debian's backports and compares there, on its datapath of Open vSwitch. Lines of the
 * guest's console go to standard error.
 *
 * @throws {LabMissing}
 * @throws {GuestDied}
 * @throws {GuestTimeout}
 * @throws {NoReport} when nothing was chosen, for example
 */
export async function runCompareInGuest(
  options: CompareOptions,
  timeoutMs: number,
): Promise<CompareReport> {
  const inGuest = fileURLToPath(new URL('in-guest.js', import.meta.url));
  const { status, result } = await runGuest({
    kernel: findKernel('backports'),
    command: [process.execPath, inGuest, JSON.stringify(options)],
    timeoutMs,
    onLine: (line) => console.error(line),
  });
  const report: unknown = result === undefined ? undefined : JSON.parse(result);
  if (status !== 0 || !isCompareReport(report)) throw new NoReport(status);
  return report;
}
