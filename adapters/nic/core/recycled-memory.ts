import type { GracePeriod } from './grace-period.ts';

/** Tells when the memory of deleted entries may be written again: see {@link GracePeriod}. */
export class RecycledMemory {
  readonly #grace: Pick<GracePeriod, 'wait'>;
  /** Number of deletions, including one for those before this object existed. */
  #deletions = 1;
  /** How many of them no running program can notice any more. */
  #settled = 0;
  #passing: Promise<void> | undefined;

  constructor(grace: Pick<GracePeriod, 'wait'>) {
    this.#grace = grace;
  }

  /** True while a grace period passes that {@link prepare} began. */
  get isPassing(): boolean {
    return this.#passing !== undefined;
  }

  /** Entries were deleted. */
  deleted(): void {
    this.#deletions++;
  }

  /** Every program that was running when entries were last deleted has finished. */
  settled(): void {
    this.#settled = this.#deletions;
  }

  /** Begins the grace period that {@link wait} would wait for. */
  prepare(): void {
    if (this.#passing === undefined && this.#settled < this.#deletions) {
      this.#passing = this.#pass();
    }
  }

  /** Waits until all memory may be written. */
  async wait(): Promise<void> {
    await this.finish();
    if (this.#settled < this.#deletions) await this.#settle();
  }

  /** Waits for the end of the grace period that {@link prepare} began. */
  async finish(): Promise<void> {
    await this.#passing;
  }

  async #pass(): Promise<void> {
    try {
      await this.#settle();
    } catch {
      // Nothing is settled: the next write waits again, and reports the error.
    } finally {
      this.#passing = undefined;
    }
  }

  /** A grace period covers what was deleted before it began. */
  async #settle(): Promise<void> {
    const deletions = this.#deletions;
    await this.#grace.wait();
    this.#settled = Math.max(this.#settled, deletions);
  }
}
