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
  const scale = promised > entries ? entries / promised : 1;
  const parts = guaranteed.map((n) => n * scale);
  fill(claims, caps, parts, Math.max(0, entries - promised * scale));
  return toWholeNumbers(parts, caps, entries);
}

/** Raises the parts in proportion to the weights until `rest` is used up or all caps are reached. */
function fill(
  claims: readonly Claim[],
  caps: readonly number[],
  parts: number[],
  rest: number,
): void {
  let unsatisfied = claims.flatMap((c, i) => (parts[i] < caps[i] && c.weight > 0 ? [i] : []));
  let remaining = rest;
  while (unsatisfied.length > 0 && remaining > 1e-9) {
    const weight = unsatisfied.reduce((sum, i) => sum + claims[i].weight, 0);
    const rises = unsatisfied.map((i) => (caps[i] - parts[i]) / claims[i].weight);
    const rise = Math.min(remaining / weight, ...rises);
    for (const i of unsatisfied) parts[i] += rise * claims[i].weight;
    remaining -= rise * weight;
    unsatisfied = unsatisfied.filter((i) => caps[i] - parts[i] > 1e-9);
  }
}

/** Rounds parts down, and gives the remainder to those that lost most by it. */
function toWholeNumbers(
  parts: readonly number[],
  caps: readonly number[],
  entries: number,
): number[] {
  const floors = parts.map((part) => Math.floor(part + 1e-6));
  const sum = Math.min(entries, Math.round(parts.reduce((a, b) => a + b, 0)));
  let remaining = sum - floors.reduce((a, b) => a + b, 0);
  const byLoss = parts
    .map((part, i) => ({ i, loss: part - floors[i] }))
    .sort((a, b) => b.loss - a.loss || a.i - b.i);
  for (const { i } of byLoss) {
    if (remaining <= 0) break;
    if (floors[i] >= caps[i]) continue;
    floors[i]++;
    remaining--;
  }
  return floors;
}
