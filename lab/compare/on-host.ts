import { resultOfGuest } from '../kernel/guest-result.ts';
import type { CompareOptions } from './compare.ts';
import { type CompareReport, isCompareReport } from './report.ts';

/**
 * Boots the kernel of Debian's backports and compares there, on its datapath of Open vSwitch. Lines of the
 * guest's console go to standard error.
 *
 * @throws {LabMissing}
 * @throws {GuestDied}
 * @throws {GuestTimeout}
 * @throws {NoGuestResult} when nothing was chosen, for example
 */
export function runCompareInGuest(
  options: CompareOptions,
  timeoutMs: number,
): Promise<CompareReport> {
  return resultOfGuest({
    what: 'the comparison',
    script: new URL('in-guest.js', import.meta.url),
    args: [JSON.stringify(options)],
    timeoutMs,
    isResult: isCompareReport,
  });
}
