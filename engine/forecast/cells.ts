/**
 * Classes of flows (glossary: kind), numbered as cells. Flows that sent in the last tick are
 * classified by the time since their last packet, their rate, the rate over their mean, and their
 * age; flows that sent nothing in it by their mean and by how long they have been silent.
 */

/** Octaves of the rate, from 0.25 packets/s to about 4 million. */
const LEVELS = 24;
const LOWEST = 0.25;
/** Maximum age of the last packet of a sending flow, ms: a round trip, and the counters' resolution. */
const SENDING_MS = 8;
/** Upper bounds of the time since the last packet, ms: of sending and of silent flows. */
const PAUSES_MS = [SENDING_MS, 32, 128] as const;
const PAUSES = PAUSES_MS.length + 1;
const SILENCES_MS = [500, 1000, 2000, 4000, 8000] as const;
const SILENCES = SILENCES_MS.length + 1;
/** Bounds of the last tick's rate over the mean: below its mean, about it, above it, a burst. */
const RATIOS_OVER_MEAN = [0.5, 1.3, 4] as const;
const RATIOS = RATIOS_OVER_MEAN.length + 1;
/** Number of age classes: in its first tick, young, old. */
const AGES = 3;
const YOUNG_MS = 4000;

const SENDING_FAMILIES = PAUSES * RATIOS * AGES;

/** Number of families. The cells of a family differ only in the rate. */
export const FAMILIES = SENDING_FAMILIES + SILENCES;
export const CELLS = FAMILIES * LEVELS;

/** The family of a cell. */
export function familyOf(cell: number): number {
  return Math.floor(cell / LEVELS);
}

/** True for families of flows that sent in the last tick. */
export function isSending(family: number): boolean {
  return family < SENDING_FAMILIES;
}

/**
 * The rate from which a forecast is made: that of the last tick while the flow is still sending, the
 * mean of the last seconds otherwise, because a burst that has ended says little about the next one.
 *
 * @param last rate in the last tick, packets/s; 0 if it sent nothing
 * @param pauseMs time since its last packet
 */
export function baseRate(last: number, mean: number, pauseMs: number): number {
  return last > 0 && pauseMs <= SENDING_MS ? last : mean;
}

/**
 * Cell of a flow that sent in the last tick.
 *
 * @param base see {@link baseRate}, packets/s
 * @param overMean rate in the last tick over the mean of the last seconds, including the tick
 * @param pauseMs time since its last packet
 * @param ageMs time since it was first seen; below 0 in its first tick
 */
export function sendingCell(
  base: number,
  overMean: number,
  pauseMs: number,
  ageMs: number,
): number {
  const pause = binOf(pauseMs, PAUSES_MS);
  const ratio = binOf(overMean, RATIOS_OVER_MEAN);
  const age = ageMs < 0 ? 0 : ageMs < YOUNG_MS ? 1 : 2;
  return ((pause * RATIOS + ratio) * AGES + age) * LEVELS + level(base);
}

/**
 * Cell of a flow that sent nothing in the last tick.
 *
 * @param silentMs time since its last packet
 */
export function silentCell(mean: number, silentMs: number): number {
  return (SENDING_FAMILIES + binOf(silentMs, SILENCES_MS)) * LEVELS + level(mean);
}

/** Number of bounds below `value`. */
function binOf(value: number, bounds: readonly number[]): number {
  let bin = 0;
  while (bin < bounds.length && value > bounds[bin]) bin++;
  return bin;
}

function level(rate: number): number {
  return Math.min(LEVELS - 1, Math.max(0, Math.floor(Math.log2(rate / LOWEST))));
}
