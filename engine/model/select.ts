/**
 * The k-th largest of `values[0 .. n)`, in linear time on average; reorders `values`
 * (Hoare's quickselect, CACM 4(7), 1961, with the median of three as pivot).
 *
 * @param k from 1 to n
 */
export function kthLargest(values: Float64Array, n: number, k: number): number {
  let low = 0;
  let high = n - 1;
  const target = k - 1;
  while (low < high) {
    const pivot = medianOfThree(values[low], values[(low + high) >> 1], values[high]);
    let i = low;
    let j = high;
    while (i <= j) {
      while (values[i] > pivot) i++;
      while (values[j] < pivot) j--;
      if (i <= j) {
        const swap = values[i];
        values[i++] = values[j];
        values[j--] = swap;
      }
    }
    if (target <= j) high = j;
    else if (target >= i) low = i;
    else break;
  }
  return values[target];
}

/**
 * Moves the `k` rows with the highest values to the front, best first, ties by row; the others are
 * in no order. Linear on average, apart from sorting the front.
 *
 * @param scratch one number per row
 * @returns number of rows at the front: all if there are at most `k`; more than `k` if rows tie with
 *   the last of them
 */
export function bestFirst(
  rows: number[],
  k: number,
  value: (row: number) => number,
  scratch: Float64Array,
): number {
  const n = rows.length;
  if (k <= 0) return 0;
  let first = n;
  if (n > k) {
    for (let i = 0; i < n; i++) scratch[i] = value(rows[i]);
    const kth = kthLargest(scratch, n, k);
    first = 0;
    for (let i = 0; i < n; i++) {
      const row = rows[i];
      if (value(row) < kth) continue;
      rows[i] = rows[first];
      rows[first++] = row;
    }
  }
  const best = rows.slice(0, first).sort((a, b) => value(b) - value(a) || a - b);
  for (let i = 0; i < first; i++) rows[i] = best[i];
  return first;
}

function medianOfThree(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
