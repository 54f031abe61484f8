import { parseQuantity } from './units.ts';

/** A text is not a valid quantity. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError';
}

/**
 * Parses a quantity such as `10Mbit/s` into a number in the base unit, here `bit/s`. A number
 * without a unit is in the base unit.
 *
 * @param unit the fact's unit; undefined for a number without a unit
 * @throws {QuantityError}
 */
export function quantity(text: string, unit: string | undefined): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number)) return number;
  const read = parseQuantity(text, unit);
  if (read?.ok === true) return read.value;
  const what = unit === undefined ? 'number' : `number of ${unit}, with or without a unit`;
  throw new QuantityError(
    read === undefined ? `"${text}" is not a ${what}` : `"${text}": ${read.message}`,
  );
}
