/** The number, or null if it is not finite, which JSON cannot represent. */
export function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
