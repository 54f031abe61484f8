/** What counters gained since the point before. Counters that are no longer asked for are forgotten. */
export class Differences {
  #last = new Map<string, number>();
  #now = new Map<string, number>();

  /** Undefined for a counter that was not there before, or that fell: it began anew. */
  of(counter: string, value: number): number | undefined {
    this.#now.set(counter, value);
    const last = this.#last.get(counter);
    return last === undefined || value < last ? undefined : value - last;
  }

  /** Ends a round: the next one compares with it. */
  turn(): void {
    [this.#last, this.#now] = [this.#now, this.#last];
    this.#now.clear();
  }
}
