import type { LeaseRenewal } from '../../../engine/ports/offload-backend.ts';
import type { BpfPrograms } from './bpf-programs.ts';
import type { Libbpf } from './libbpf.ts';
import type { ProgramLoader } from './program-loader.ts';
import { LEASE_REQUEST } from './records.ts';

/** The program that writes the lease, in every BPF object. */
export const LEASE_PROGRAM = 'norikae_lease';

/** For a request that ends the lease: always in the past. */
const NOW = 0;

/**
 * The lease: the word of the control map until when packets follow the entries.
 *
 * It is written by a BPF program, which compares the times with the kernel's clock in the same
 * step. A write by this process could follow a check by any time, because a process can be stopped.
 */
export class Lease {
  readonly #libbpf: Libbpf;
  readonly #programs: BpfPrograms;
  readonly #program: number;
  readonly #request = new BigUint64Array(LEASE_REQUEST.bytes / 8);

  private constructor(libbpf: Libbpf, programs: BpfPrograms, program: number) {
    this.#libbpf = libbpf;
    this.#programs = programs;
    this.#program = program;
  }

  /** Loads the program. @throws {ProgramRejected} {@link ObjectUnusable} */
  static async open(libbpf: Libbpf, programs: BpfPrograms, loader: ProgramLoader): Promise<Lease> {
    const program = await loader.withProgram({ name: LEASE_PROGRAM }, (fd) => libbpf.duplicate(fd));
    return new Lease(libbpf, programs, program);
  }

  /**
   * Renews the lease, as OffloadBackend requires; times in ms of CLOCK_MONOTONIC.
   *
   * @throws {SystemCallFailed}
   */
  renew(verifiedAtMs: number, untilMs: number): LeaseRenewal {
    return this.#run(verifiedAtMs, untilMs) ? 'renewed' : 'late';
  }

  /** Ends the lease now. @throws {SystemCallFailed} */
  end(): void {
    this.#run(NOW, NOW);
  }

  close(): void {
    this.#libbpf.close(this.#program);
  }

  #run(verifiedAtMs: number, untilMs: number): boolean {
    this.#request[LEASE_REQUEST.verifiedNs / 8] = toNs(verifiedAtMs);
    this.#request[LEASE_REQUEST.untilNs / 8] = toNs(untilMs);
    return this.#programs.runProgram(this.#program, this.#request, 'the lease') === 1;
  }
}

/** Rounded down: a lease ends early rather than late. */
function toNs(ms: number): bigint {
  return BigInt(Math.max(0, Math.floor(ms * 1e6)));
}
