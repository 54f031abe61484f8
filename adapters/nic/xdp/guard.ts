import type { BpfPrograms } from '../core/bpf-programs.ts';
import { ProgramRejected, SystemCallFailed } from '../core/errors.ts';
import type { ProgramLoader } from '../core/program-loader.ts';
import { GUARD_PROGRAM } from './programs.ts';

/**
 * Detects redirects that a device drops, and stops redirecting to it for some seconds, while the
 * returned descriptor is open. Undefined where the kernel does not allow it.
 *
 * @throws {ObjectUnusable}
 */
export async function startGuard(
  programs: BpfPrograms,
  loader: ProgramLoader,
): Promise<number | undefined> {
  try {
    return await loader.withProgram({ name: GUARD_PROGRAM }, (fd) =>
      programs.openTracepoint('xdp_redirect_err', fd),
    );
  } catch (error) {
    if (error instanceof ProgramRejected || error instanceof SystemCallFailed) return undefined;
    throw error;
  }
}
