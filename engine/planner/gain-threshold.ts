/**
 * Swaps are skipped that together gain less than the larger of two values: this part of the gain of
 * all swaps, unless the options say otherwise, or this part of the worth of all placed flows.
 */
const NEGLIGIBLE_GAINS = 0.08;
const NEGLIGIBLE_WORTH = 0.005;

/** Number of steps of the gain, from the largest down. */
const STEPS = 128;
const STEPS_PER_OCTAVE = 4;

/** Computes the minimum gain for which a swap is worth its two operations. */
export class GainThreshold {
  readonly #byStep = new Float64Array(STEPS);
  readonly #skippedGains: number;

  /** @param skippedGains part of the gain of all swaps that is left undone, 0 to 1 */
  constructor(skippedGains: number = NEGLIGIBLE_GAINS) {
    this.#skippedGains = skippedGains;
  }

  /**
   * Minimum gain of a swap: the largest value below which all swaps together gain next to nothing
   * ({@link NEGLIGIBLE_GAINS}, {@link NEGLIGIBLE_WORTH}). Gains have a heavy tail: most operations
   * bring only a small part of the total. Skipping these keeps the table stable.
   *
   * @param gains `gains[0 .. count)`, above 0; NaN for a swap that is due regardless of its gain
   * @param worth total worth of all flows that should be placed
   */
  compute(gains: Float64Array, count: number, worth: number): number {
    let largest = 0;
    let all = 0;
    for (let i = 0; i < count; i++) {
      if (!(gains[i] > 0)) continue;
      all += gains[i];
      if (gains[i] > largest) largest = gains[i];
    }
    if (largest === 0) return 0;
    this.#byStep.fill(0);
    for (let i = 0; i < count; i++) {
      if (gains[i] > 0) this.#byStep[stepOf(gains[i], largest)] += gains[i];
    }
    let slack = Math.max(all * this.#skippedGains, worth * NEGLIGIBLE_WORTH);
    for (let step = STEPS - 1; step >= 0; step--) {
      slack -= this.#byStep[step];
      // Skipping this step, too, would lose too much: the gains from here up are worth it.
      if (slack < 0) return largest * 2 ** (-(step + 1) / STEPS_PER_OCTAVE);
    }
    return Number.POSITIVE_INFINITY;
  }
}

/** 0 for gains within a quarter octave of the largest. */
function stepOf(gain: number, largest: number): number {
  return Math.min(STEPS - 1, Math.floor(STEPS_PER_OCTAVE * Math.log2(largest / gain)));
}
