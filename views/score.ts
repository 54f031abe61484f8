/** Made once: that takes far longer than to use them. */
const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const WITH_FRACTION = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });

/** Scores have the unit their rule gives them: digits without a prefix mislead least. */
export function score(value: number): string {
  return Math.abs(value) >= 1e15 || !Number.isFinite(value)
    ? String(value)
    : (Math.abs(value) < 100 ? WITH_FRACTION : WHOLE).format(value);
}

/** What a flow is worth: expected packets/s. */
export function worth(packetsPerSecond: number): string {
  return `${score(packetsPerSecond)} packets/s`;
}
