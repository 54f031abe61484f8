/**
 * Kinds of flows, told apart by what is known of them: how long ago their last packet was, how much
 * they sent in the last tick, how that compares with their mean, how old they are; of flows that
 * were silent all through the last tick their mean and for how long. A kind has a number, its cell.
 */

/** Octaves of the rate, from a quarter of a packet a second to some four million. */
const LEVELS = 24;
const LOWEST = 0.25;
/** Whose last packet is no older is still sending, ms: a round trip, and the counters' grain. */
const SENDING_MS = 8;
/** Upper bounds of the time since the last packet, ms: of senders, and of silent flows. */
const PAUSES_MS = [SENDING_MS, 32, 128] as const;
const PAUSES = PAUSES_MS.length + 1;
const SILENCES_MS = [500, 1000, 2000, 4000, 8000] as const;
const SILENCES = SILENCES_MS.length + 1;
/** Bounds of the last tick's rate over the mean: below its mean, about it, above it, a burst. */
const RATIOS_OVER_MEAN = [0.5, 1.3, 4] as const;
const RATIOS = RATIOS_OVER_MEAN.length + 1;
/** In its first tick, young, old. */
const AGES = 3;
const YOUNG_MS = 4000;

const SENDING_FAMILIES = PAUSES * RATIOS * AGES;

/** Families: what cells have in common that differ in how much is sent alone. */
export const FAMILIES = SENDING_FAMILIES + SILENCES;
export const CELLS = FAMILIES * LEVELS;

/** The family of a cell. */
export function familyOf(cell: number): number {
  return Math.floor(cell / LEVELS);
}

/** True of the families of flows that sent in the last tick. */
export function isSending(family: number): boolean {
  return family < SENDING_FAMILIES;
}

/**
 * The rate that tells how much a flow will send: that of the last tick while it is still sending.
 * What has come to an end says little of what comes next: then it is the mean of the last seconds.
 *
 * @param last rate in the last tick, packets/s; 0 for none
 * @param pauseMs time since its last packet
 */
export function baseRate(last: number, mean: number, pauseMs: number): number {
  return last > 0 && pauseMs <= SENDING_MS ? last : mean;
}

/**
 * Cell of a flow that sent in the last tick.
 *
 * @param base see {@link baseRate}, packets/s
 * @param overMean rate in the last tick over the mean of the last seconds, the tick included
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

/** Number of bounds that a value is above. */
function binOf(value: number, bounds: readonly number[]): number {
  let bin = 0;
  while (bin < bounds.length && value > bounds[bin]) bin++;
  return bin;
}

function level(rate: number): number {
  return Math.min(LEVELS - 1, Math.max(0, Math.floor(Math.log2(rate / LOWEST))));
}
