/** The number, or null when it has no finite value: JSON has none either. */
export function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
