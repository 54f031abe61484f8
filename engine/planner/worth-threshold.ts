import type { FlowTable } from '../model/flow-table.ts';

/**
 * When more flows request entries than fit, those that together bring less than this part of all
 * worth are left out: a hundred mice are not worth the operations.
 */
const NEGLIGIBLE_WORTH = 0.001;
/** High bits of a worth as a 32-bit float, by which worths are summed: 128 steps an octave. */
const SHIFT = 16;
const STEPS = 1 << (32 - SHIFT - 1);
/** Of flows whose score a rule set. */
const NO_STEP = 0xffff;

/** Finds the minimum worth of a flow for an operation. */
export class WorthThreshold {
  /** By step: the sum of the worths. */
  readonly #sums = new Float64Array(STEPS);
  readonly #float = new Float32Array(1);
  readonly #bits = new Uint32Array(this.#float.buffer);
  /** By index into the rows. */
  #steps = new Uint16Array(0);

  /**
   * The largest worth below which all flows together bring no more than {@link NEGLIGIBLE_WORTH} of
   * all worth. It adapts to the traffic: high if a few elephants send nearly everything, 0 if all flows
   * are alike. Flows whose score a rule set do not count.
   */
  find(table: FlowTable, rows: Int32Array, count: number): number {
    const { worth } = table.forecast;
    const { scoredByWorth } = table.decision;
    if (this.#steps.length < count) this.#steps = new Uint16Array(count * 2);
    const steps = this.#steps;
    const sums = this.#sums.fill(0);
    let all = 0;
    for (let i = 0; i < count; i++) {
      const row = rows[i];
      if (scoredByWorth[row] === 0) {
        steps[i] = NO_STEP;
        continue;
      }
      const value = worth[row];
      this.#float[0] = value;
      const step = this.#bits[0] >>> SHIFT;
      steps[i] = step;
      all += value;
      sums[step] += value;
    }
    let slack = all * NEGLIGIBLE_WORTH;
    let step = 0;
    while (step < STEPS && slack - sums[step] >= 0) slack -= sums[step++];
    if (step === STEPS) return 0;
    const ofStep: number[] = [];
    for (let i = 0; i < count; i++) if (steps[i] === step) ofStep.push(worth[rows[i]]);
    return usedUpAt(ofStep, slack);
  }
}

/** The value at which the sum of the smallest exceeds the slack. */
function usedUpAt(values: number[], slack: number): number {
  let left = slack;
  values.sort((a, b) => a - b);
  for (const value of values) {
    left -= value;
    if (left < 0) return value;
  }
  return values.at(-1) ?? 0;
}
