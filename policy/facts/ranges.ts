import type { NumberRange } from '../model/fact.ts';

/** Unit of a share. */
export const SHARE_UNIT = 'share, 0 to 1';

/** From nothing to everything. */
export const SHARE: NumberRange = { min: 0, max: 1 };

/** Never below zero. */
export const POSITIVE: NumberRange = { min: 0, max: Number.POSITIVE_INFINITY };

/** A count. */
export const WHOLE: NumberRange = { min: 0, max: Number.POSITIVE_INFINITY, whole: true };

/** A whole number of so many values. */
export function wholeUpTo(max: number): NumberRange {
  return { min: 0, max, whole: true };
}
