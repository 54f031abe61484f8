/**
 * Answers to numbered datagrams, line by line. What is lost is judged between two answers: the last
 * datagrams are still on their way, and before the first answer the links were not up yet.
 */
export class Pings {
  readonly #answers = new Map<number, number>();
  #last = 0;

  /** Number of the last one that was answered. */
  get last(): number {
    return this.#last;
  }

  add(line: string): void {
    const number = Number(/^answer (\d+)$/.exec(line)?.[1] ?? Number.NaN);
    if (Number.isNaN(number)) return;
    this.#answers.set(number, (this.#answers.get(number) ?? 0) + 1);
    this.#last = Math.max(this.#last, number);
  }

  /** What became of those after `from`, up to the last one that was answered. */
  since(from: number): { pings: number; lost: number; duplicates: number } {
    const pings = this.#last - from;
    let lost = 0;
    let duplicates = 0;
    for (let number = from + 1; number <= this.#last; number++) {
      const answers = this.#answers.get(number) ?? 0;
      if (answers === 0) lost++;
      else duplicates += answers - 1;
    }
    return { pings, lost, duplicates };
  }
}
