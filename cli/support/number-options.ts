import { InvalidArgumentError } from 'commander';
import { quantity, QuantityError } from '../../policy/model/quantity.ts';

/** Reads an option that is a whole number within bounds. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** Reads an option that is a time such as `30s` or `1h`, ms. */
export function timeUpTo(mostMs: number, words: string): (text: string) => number {
  return (text) => {
    try {
      const ms = quantity(text, 'ms');
      if (ms > 0 && ms <= mostMs) return ms;
    } catch (error) {
      if (!(error instanceof QuantityError)) throw error;
    }
    throw new InvalidArgumentError(`It must be a time such as 30s, at most ${words}.`);
  };
}

/** Reads an option that is how long something takes, ms: up to 400 days. */
export const upTo400Days = timeUpTo(400 * 24 * 3_600_000, '400 days');
