/**
 * Swaps that together gain less than this part of what all swaps would gain are left undone, and at
 * least those that together gain less than this part of all that is placed.
 */
const OF_GAINS = 0.08;
const OF_WORTH = 0.005;

/** Steps of the gain, four an octave, from the largest down. */
const STEPS = 128;
const STEPS_AN_OCTAVE = 4;

/** Finds how much a swap has to gain to be worth its two operations. */
export class GainThreshold {
  readonly #byStep = new Float64Array(STEPS);

  /**
   * The gain from which on a swap is worth doing: the largest below which all swaps together would
   * gain next to nothing ({@link OF_GAINS}, {@link OF_WORTH}). Gains have a heavy tail, so a small
   * part of them takes most of the operations: leaving it undone is what keeps a table quiet.
   *
   * @param gains `gains[0 .. count)`, above 0, or NaN for a swap that is due whatever it gains
   * @param worth of all flows that should be placed
   */
  of(gains: Float64Array, count: number, worth: number): number {
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
    let slack = Math.max(all * OF_GAINS, worth * OF_WORTH);
    for (let step = STEPS - 1; step >= 0; step--) {
      slack -= this.#byStep[step];
      // With what lies in this step it would be too much: from here on up they are done.
      if (slack < 0) return largest * 2 ** (-(step + 1) / STEPS_AN_OCTAVE);
    }
    return Number.POSITIVE_INFINITY;
  }
}

/** 0 for gains within a quarter octave of the largest. */
function stepOf(gain: number, largest: number): number {
  return Math.min(STEPS - 1, Math.floor(STEPS_AN_OCTAVE * Math.log2(largest / gain)));
}
