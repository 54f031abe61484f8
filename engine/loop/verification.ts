/**
 * Why a lease is not renewed:
 *
 * - `ports`: entries of changed ports have not been removed yet
 * - `withdrawal`: all entries have to be removed (`onload-all`), and the backend has not confirmed it
 * - `not-audited`: it is not known which entries the backend has
 * - `pending-deletes`: the backend did not delete entries that must not stay
 * - `no-sight`: the vSwitch's flows or ports have not been read recently
 * - `lapsed`: the lease has expired, and the entries were verified before that
 */
export type WithheldCause = (typeof WITHHELD_CAUSES)[number];

export const WITHHELD_CAUSES = [
  'ports',
  'withdrawal',
  'not-audited',
  'pending-deletes',
  'no-sight',
  'lapsed',
] as const;

/** What a renewal is based on, or why the lease is not renewed. */
export type LeaseBasis =
  | { readonly renew: true; readonly verifiedAtMs: number }
  | { readonly renew: false; readonly cause: WithheldCause };

/**
 * What is known about the entries of one backend: when all of them were last compared with what the
 * vSwitch does, and what stands in the way of the next verification. It decides whether the lease
 * may be renewed.
 */
export class Verification {
  readonly #leaseMs: number;
  #verifiedAtMs = Number.NEGATIVE_INFINITY;
  #audited = false;
  #pendingDeletes = 0;
  /** Number of changes of ports that have been announced, and of the last one applied. */
  #portsAnnounced = 0;
  #portsApplied = 0;
  #withdrawing = false;

  /** @param leaseMs as in BackendCapabilities */
  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /**
   * When the vSwitch was asked for the flows that all entries were last compared with, ms of the
   * clock; -Infinity before the first time.
   */
  get verifiedAtMs(): number {
    return this.#verifiedAtMs;
  }

  /** True while the backend's entries are known. */
  get audited(): boolean {
    return this.#audited;
  }

  /** Records that the backend's entries have been compared with the recorded ones. */
  markAudited(): void {
    this.#audited = true;
  }

  /** Records a failed operation: it is unknown which entries the backend has. */
  markUnknown(): void {
    this.#audited = false;
  }

  /**
   * Records that all entries have been compared with the vSwitch's flows, and those that differ
   * deleted.
   *
   * @param askedAtMs when the vSwitch was asked for these flows, not when it replied: what changed
   *   in between may be missing in the reply
   * @param pendingDeletes entries whose removal the backend has not confirmed
   */
  recordComparison(askedAtMs: number, pendingDeletes: number): void {
    this.#pendingDeletes = pendingDeletes;
    if (!this.#audited || pendingDeletes > 0 || this.#portsPending || this.#withdrawing) return;
    this.#verifiedAtMs = Math.max(this.#verifiedAtMs, askedAtMs);
  }

  /** Announces changed ports. Returns the function that records that their entries are removed. */
  announcePorts(): () => void {
    const change = ++this.#portsAnnounced;
    return () => {
      this.#portsApplied = Math.max(this.#portsApplied, change);
    };
  }

  /** Announces that all entries have to be removed. */
  announceWithdrawal(): void {
    this.#withdrawing = true;
  }

  /** True while all entries have to be removed. */
  get withdrawing(): boolean {
    return this.#withdrawing;
  }

  /** Records that all entries are removed. */
  recordWithdrawal(): void {
    this.#withdrawing = false;
    this.#pendingDeletes = 0;
  }

  /** Whether the lease may be renewed at `nowMs`. */
  basis(nowMs: number): LeaseBasis {
    const cause = this.#obstacle(nowMs);
    return cause === undefined
      ? { renew: true, verifiedAtMs: this.#verifiedAtMs }
      : { renew: false, cause };
  }

  get #portsPending(): boolean {
    return this.#portsApplied < this.#portsAnnounced;
  }

  #obstacle(nowMs: number): WithheldCause | undefined {
    if (this.#portsPending) return 'ports';
    if (this.#withdrawing) return 'withdrawal';
    if (nowMs - this.#verifiedAtMs < this.#leaseMs) return undefined;
    if (!this.#audited) return 'not-audited';
    return this.#pendingDeletes > 0 ? 'pending-deletes' : 'no-sight';
  }
}
