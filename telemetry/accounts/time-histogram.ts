import type { TimeHistogram } from './tick-accounts.ts';

/** A histogram of times that is read while it grows. */
export class RunningTimeHistogram implements TimeHistogram {
  readonly boundsSeconds: readonly number[];
  readonly #counts: number[];
  #sumSeconds = 0;

  /** `boundsSeconds`: upper bounds, ascending. */
  constructor(boundsSeconds: readonly number[]) {
    this.boundsSeconds = boundsSeconds;
    this.#counts = [...boundsSeconds.map(() => 0), 0];
  }

  get counts(): readonly number[] {
    return this.#counts;
  }

  get sumSeconds(): number {
    return this.#sumSeconds;
  }

  get count(): number {
    return this.#counts[this.boundsSeconds.length];
  }

  observe(seconds: number): void {
    this.#sumSeconds += seconds;
    for (let i = 0; i < this.boundsSeconds.length; i++) {
      if (seconds <= this.boundsSeconds[i]) this.#counts[i]++;
    }
    this.#counts[this.boundsSeconds.length]++;
  }
}
