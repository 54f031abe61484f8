import { parseQuantity } from './units.ts';

/** A text that is no quantity of the kind that is wanted. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError';
}

/**
 * A number with a unit in the base unit, such as `10Mbit/s` where `unit` is `bit/s`; a number
 * without one is in the base unit.
 *
 * @param unit as facts have it; undefined: a number without a unit
 * @throws {QuantityError}
 */
export function quantity(text: string, unit: string | undefined): number {
  const number = Number(text);
  if (text.trim() !== '' && !Number.isNaN(number)) return number;
  const read = parseQuantity(text, unit);
  if (read?.ok === true) return read.value;
  const what = unit === undefined ? 'number' : `number of ${unit}, with or without a unit`;
  throw new QuantityError(
    read === undefined ? `"${text}" is no ${what}` : `"${text}": ${read.message}`,
  );
}
