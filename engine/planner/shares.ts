/** What a group of flows asks for and may have. Entries, but for the weight. */
export interface Claim {
  readonly weight: number;
  readonly guaranteed: number;
  readonly maximum: number;
  /** Flows that have or are worth an entry. */
  readonly wanted: number;
}

/**
 * Divides `entries` among claims: first everybody's guarantee as far as it is wanted, then the
 * rest in proportion to the weights, nobody getting more than wanted or the maximum (weighted
 * max-min fairness by progressive filling: Bertsekas and Gallager, Data Networks, section 6.5.2).
 * Guarantees that together are more than there is shrink in proportion.
 *
 * What nobody wants is left over. The parts are whole and add up to at most `entries`.
 */
export function shares(claims: readonly Claim[], entries: number): number[] {
  const most = claims.map((c) => Math.max(0, Math.min(c.wanted, c.maximum)));
  const guaranteed = claims.map((c, i) => Math.min(c.guaranteed, most[i]));
  const promised = guaranteed.reduce((sum, n) => sum + n, 0);
  const part = promised > entries ? entries / promised : 1;
  const parts = guaranteed.map((n) => n * part);
  fill(claims, most, parts, Math.max(0, entries - promised * part));
  return whole(parts, most, entries);
}

/** Raises the parts in step with the weights until all is given or nobody wants more. */
function fill(
  claims: readonly Claim[],
  most: readonly number[],
  parts: number[],
  rest: number,
): void {
  let open = claims.flatMap((c, i) => (parts[i] < most[i] && c.weight > 0 ? [i] : []));
  let left = rest;
  while (open.length > 0 && left > 1e-9) {
    const weight = open.reduce((sum, i) => sum + claims[i].weight, 0);
    const rises = open.map((i) => (most[i] - parts[i]) / claims[i].weight);
    const rise = Math.min(left / weight, ...rises);
    for (const i of open) parts[i] += rise * claims[i].weight;
    left -= rise * weight;
    open = open.filter((i) => most[i] - parts[i] > 1e-9);
  }
}

/** Whole parts: rounded down, and what is left over by that to those who lost most by it. */
function whole(parts: readonly number[], most: readonly number[], entries: number): number[] {
  const down = parts.map((part) => Math.floor(part + 1e-6));
  const sum = Math.min(entries, Math.round(parts.reduce((a, b) => a + b, 0)));
  let left = sum - down.reduce((a, b) => a + b, 0);
  const byLoss = parts
    .map((part, i) => ({ i, loss: part - down[i] }))
    .sort((a, b) => b.loss - a.loss || a.i - b.i);
  for (const { i } of byLoss) {
    if (left <= 0) break;
    if (down[i] >= most[i]) continue;
    down[i]++;
    left--;
  }
  return down;
}
