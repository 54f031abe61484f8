const EVERY_MS = 50;

/** A cumulative counter over time, so that it can be compared with one that is only known for the past. */
export class ByteSampler {
  readonly #read: () => number;
  readonly #timer: NodeJS.Timeout;
  readonly #atMs: number[] = [];
  readonly #bytes: number[] = [];

  /** Begins to read the counter, until it is stopped. */
  constructor(read: () => number) {
    this.#read = read;
    this.#timer = setInterval(() => this.#take(), EVERY_MS);
    this.#take();
  }

  /** Its value at a time of performance.now(), interpolated. */
  at(ms: number): number {
    this.#take();
    const after = this.#atMs.findIndex((atMs) => atMs >= ms);
    if (after <= 0) return this.#bytes[after < 0 ? this.#bytes.length - 1 : 0];
    const [fromMs, toMs] = [this.#atMs[after - 1], this.#atMs[after]];
    const [from, to] = [this.#bytes[after - 1], this.#bytes[after]];
    return from + ((to - from) * (ms - fromMs)) / (toMs - fromMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #take(): void {
    this.#atMs.push(performance.now());
    this.#bytes.push(this.#read());
  }
}
