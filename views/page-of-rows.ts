import { kthLargest } from '../engine/model/select.ts';

/**
 * Indexes of the values at positions `offset` to `offset + limit` of their order, largest first and
 * stable. Takes linear time on average, plus the sorting of the page, so that the last page of
 * 100,000 values costs no more than the first.
 */
export function pageOfRows(values: Float64Array, offset: number, limit: number): readonly number[] {
  const n = values.length;
  const begin = Math.min(offset, n);
  const end = Math.min(offset + limit, n);
  if (begin === end) return [];
  const scratch = values.slice();
  const smallest = kthLargest(scratch, n, end);
  const top = begin === 0 ? Number.POSITIVE_INFINITY : kthLargest(scratch, n, begin);
  let above = 0;
  const atTop: number[] = [];
  const between: number[] = [];
  const atSmallest: number[] = [];
  for (let i = 0; i < n; i++) {
    const value = values[i];
    if (value > top) above++;
    else if (value === smallest) atSmallest.push(i);
    else if (value === top) atTop.push(i);
    else if (value > smallest) between.push(i);
  }
  const first = atTop.slice(begin - above);
  const before = above + atTop.length + between.length;
  const last = atSmallest.slice(Math.max(0, begin - before), end - before);
  return [...first, ...between.sort((a, b) => values[b] - values[a]), ...last];
}
