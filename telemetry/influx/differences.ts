/** Increases of counters since the previous round. Counters not read in a round are forgotten. */
export class Differences {
  #last = new Map<string, number>();
  #now = new Map<string, number>();

  /** Undefined if the counter was not read in the previous round, or fell because it was reset. */
  gainOf(counter: string, value: number): number | undefined {
    this.#now.set(counter, value);
    const last = this.#last.get(counter);
    return last === undefined || value < last ? undefined : value - last;
  }

  /** Ends a round; the next one compares with it. */
  endRound(): void {
    [this.#last, this.#now] = [this.#now, this.#last];
    this.#now.clear();
  }
}
