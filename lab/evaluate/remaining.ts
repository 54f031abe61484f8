/** Estimates how long a number of equal tasks still takes, from those that are done. */
export class Remaining {
  readonly #total: number;
  readonly #nowMs: () => number;
  readonly #startMs: number;
  #done = 0;

  constructor(total: number, nowMs: () => number = () => performance.now()) {
    this.#total = total;
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
  }

  oneDone(): void {
    this.#done += 1;
  }

  elapsedSeconds(): number {
    return (this.#nowMs() - this.#startMs) / 1_000;
  }

  /** Of the task that begins now: `3 of 16, about 12 min to go`. */
  text(): string {
    const place = `${this.#done + 1} of ${this.#total}`;
    if (this.#done === 0) return place;
    const seconds = (this.elapsedSeconds() / this.#done) * (this.#total - this.#done);
    const time = seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`;
    return `${place}, about ${time} to go`;
  }
}
