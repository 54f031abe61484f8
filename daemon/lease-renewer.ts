import type { Engine } from '../engine/loop/engine.ts';
import type { WithheldCause } from '../engine/loop/verification.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { OffloadBackend } from '../engine/ports/offload-backend.ts';

/** Result of a due renewal. */
export type RenewalResult =
  | { readonly result: 'renewed'; readonly untilMs: number }
  | { readonly result: 'withheld'; readonly cause: WithheldCause }
  | { readonly result: 'failed'; readonly error: unknown };

/**
 * Renews the lease of one backend while its entries are known to do what the vSwitch would do.
 * Otherwise, whatever the cause, the lease expires and traffic returns to the vSwitch.
 */
export class LeaseRenewer {
  readonly #engine: Engine;
  readonly #backend: OffloadBackend;
  readonly #clock: Clock;

  constructor(engine: Engine, backend: OffloadBackend, clock: Clock) {
    this.#engine = engine;
    this.#backend = backend;
    this.#clock = clock;
  }

  /** Renews the lease, or withholds the renewal. Never rejects. */
  async renew(): Promise<RenewalResult> {
    const basis = this.#engine.verificationOf(this.#backend)?.basis(this.#clock.now());
    if (basis === undefined) return { result: 'withheld', cause: 'not-audited' };
    if (!basis.renew) return { result: 'withheld', cause: basis.cause };
    const { verifiedAtMs } = basis;
    try {
      const renewal = await this.#backend.renewLease(verifiedAtMs);
      if (renewal === 'late') return { result: 'withheld', cause: 'lapsed' };
      const untilMs = verifiedAtMs + this.#backend.capabilities().leaseMs;
      return { result: 'renewed', untilMs };
    } catch (error) {
      return { result: 'failed', error };
    }
  }
}
