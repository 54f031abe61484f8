import type { CdfPoints } from './distributions.ts';

/**
 * Sizes drawn from a published distribution.
 *
 * Between two points the logarithm of the size is linear in the cumulative probability
 * (log-linear interpolation). The papers say nothing below their first point: from there down to
 * one byte sizes are spread the same way.
 */
export class SizeDistribution {
  readonly #points: CdfPoints;
  /** Mean of the interpolated distribution, bytes. */
  readonly mean: number;

  constructor(points: CdfPoints) {
    const last = points.at(-1);
    if (last === undefined || last[1] !== 100) {
      throw new RangeError('a distribution ends at 100 per cent');
    }
    this.#points = points;
    this.mean = meanOf(points);
  }

  /** The size, in whole bytes, at least 1, that a share `u` in [0, 1) of all flows is below. */
  quantile(u: number): number {
    const percent = u * 100;
    let low = 1;
    let below = 0;
    for (const [bytes, upTo] of this.#points) {
      if (percent < upTo) {
        const along = (percent - below) / (upTo - below);
        return Math.max(1, Math.round(low * (bytes / low) ** along));
      }
      low = bytes;
      below = upTo;
    }
    return low;
  }
}

function meanOf(points: CdfPoints): number {
  let mean = 0;
  let low = 1;
  let below = 0;
  for (const [bytes, upTo] of points) {
    // Mean of a log-uniform variable on [low, bytes], weighted with its probability.
    if (bytes > low) mean += (((upTo - below) / 100) * (bytes - low)) / Math.log(bytes / low);
    low = bytes;
    below = upTo;
  }
  return mean;
}
