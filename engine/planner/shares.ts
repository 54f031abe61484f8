/** Demand and quota of a group of flows, in entries (except the weight). */
export interface Claim {
  readonly weight: number;
  readonly guaranteed: number;
  readonly maximum: number;
  /** Flows that have or are worth an entry. */
  readonly wanted: number;
}

/**
 * Divides `entries` among claims: first each guarantee, up to what is wanted, then the rest in
 * proportion to the weights, up to what is wanted or the maximum (weighted max-min fairness by
 * progressive filling: Bertsekas and Gallager, Data Networks, section 6.5.2). If the guarantees
 * exceed `entries`, they shrink in proportion.
 *
 * Entries that no claim wants are not assigned. The parts are integers, with a sum of at most
 * `entries`.
 */
export function shares(claims: readonly Claim[], entries: number): number[] {
  const caps = claims.map((c) => Math.max(0, Math.min(c.wanted, c.maximum)));
  const guaranteed = claims.map((c, i) => Math.min(c.guaranteed, caps[i]));
  const promised = guaranteed.reduce((sum, n) => sum + n, 0);
  const part = promised > entries ? entries / promised : 1;
  const parts = guaranteed.map((n) => n * part);
  fill(claims, caps, parts, Math.max(0, entries - promised * part));
  return toWholeNumbers(parts, caps, entries);
}

/** Raises the parts in proportion to the weights until `rest` is used up or all caps are reached. */
function fill(
  claims: readonly Claim[],
  caps: readonly number[],
  parts: number[],
  rest: number,
): void {
  let open = claims.flatMap((c, i) => (parts[i] < caps[i] && c.weight > 0 ? [i] : []));
  let left = rest;
  while (open.length > 0 && left > 1e-9) {
    const weight = open.reduce((sum, i) => sum + claims[i].weight, 0);
    const rises = open.map((i) => (caps[i] - parts[i]) / claims[i].weight);
    const rise = Math.min(left / weight, ...rises);
    for (const i of open) parts[i] += rise * claims[i].weight;
    left -= rise * weight;
    open = open.filter((i) => caps[i] - parts[i] > 1e-9);
  }
}

/** Rounds parts down, and gives the remainder to those that lost most by it. */
function toWholeNumbers(
  parts: readonly number[],
  caps: readonly number[],
  entries: number,
): number[] {
  const down = parts.map((part) => Math.floor(part + 1e-6));
  const sum = Math.min(entries, Math.round(parts.reduce((a, b) => a + b, 0)));
  let left = sum - down.reduce((a, b) => a + b, 0);
  const byLoss = parts
    .map((part, i) => ({ i, loss: part - down[i] }))
    .sort((a, b) => b.loss - a.loss || a.i - b.i);
  for (const { i } of byLoss) {
    if (left <= 0) break;
    if (down[i] >= caps[i]) continue;
    down[i]++;
    left--;
  }
  return down;
}
