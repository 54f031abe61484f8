import type { BpfPrograms } from './bpf-programs.ts';
import { ProgramRejected, SystemCallFailed } from './errors.ts';
import type { ProgramLoader } from './program-loader.ts';

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
    return await loader.withProgram('guard', 0, (fd) =>
      programs.openTracepoint('xdp_redirect_err', fd),
    );
  } catch (error) {
    if (error instanceof ProgramRejected || error instanceof SystemCallFailed) return undefined;
    throw error;
  }
}
