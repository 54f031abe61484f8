import { kthLargest } from '../../engine/planner/select.ts';

/**
 * The rows at the places `offset` to `offset + limit` of the order by value, largest first; rows of
 * one value stay as they were. Linear on average but for sorting what is returned, so that the
 * last page of a hundred thousand costs no more than the first.
 */
export function pageOfRows(
  rows: readonly number[],
  offset: number,
  limit: number,
  value: (row: number) => number,
): readonly number[] {
  const begin = Math.min(offset, rows.length);
  const end = Math.min(offset + limit, rows.length);
  if (begin === end) return [];
  const values = Float64Array.from(rows, value);
  const scratch = Float64Array.from(values);
  const least = kthLargest(scratch, rows.length, end);
  const top = begin === 0 ? Number.POSITIVE_INFINITY : kthLargest(scratch, rows.length, begin);
  let above = 0;
  const atTop: number[] = [];
  const between: number[] = [];
  const atLeast: number[] = [];
  for (let i = 0; i < rows.length; i++) {
    if (values[i] > top) above++;
    else if (values[i] === least) atLeast.push(rows[i]);
    else if (values[i] === top) atTop.push(rows[i]);
    else if (values[i] > least) between.push(rows[i]);
  }
  const first = atTop.slice(begin - above);
  const before = above + atTop.length + between.length;
  const last = atLeast.slice(Math.max(0, begin - before), end - before);
  return [...first, ...between.sort((a, b) => value(b) - value(a)), ...last];
}
