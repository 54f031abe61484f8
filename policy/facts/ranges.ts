import type { NumberRange } from '../model/fact.ts';

/** Unit of a share. */
export const SHARE_UNIT = 'share, 0 to 1';

/** 0 to 1. */
export const SHARE: NumberRange = { min: 0, max: 1 };

/** 0 or more. */
export const POSITIVE: NumberRange = { min: 0, max: Number.POSITIVE_INFINITY };

/** An integer of 0 or more. */
export const WHOLE: NumberRange = { min: 0, max: Number.POSITIVE_INFINITY, whole: true };

/** An integer from 0 to `max`. */
export function wholeUpTo(max: number): NumberRange {
  return { min: 0, max, whole: true };
}
