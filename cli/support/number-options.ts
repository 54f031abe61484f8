import { InvalidArgumentError } from 'commander';
import { quantity, QuantityError } from '../../policy/model/quantity.ts';

/** A parser for a whole number within bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/**
 * A time such as `30s`, `10m` or `1h` in ms. Policies write minutes as `min`.
 *
 * @throws QuantityError
 */
export function timeSpan(text: string): number {
  return quantity(text.replace(/(?<=\d)m$/, 'min'), 'ms');
}

/**
 * A parser for a time such as `30s` or `1h`, to ms.
 *
 * @param maxText `maxMs` in words, for the error message
 */
export function timeUpTo(maxMs: number, maxText: string): (text: string) => number {
  return (text) => {
    try {
      const ms = timeSpan(text);
      if (ms > 0 && ms <= maxMs) return ms;
    } catch (error) {
      if (!(error instanceof QuantityError)) throw error;
    }
    throw new InvalidArgumentError(`It must be a time such as 30s, at most ${maxText}.`);
  };
}

/** A parser for a time of up to 400 days, to ms. */
export const upTo400Days = timeUpTo(400 * 24 * 3_600_000, '400 days');
