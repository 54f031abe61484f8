/**
 * The row to which a key moves from row `at` of `rows`; undefined for other keys.
 *
 * @param page rows that Page Up and Page Down move by
 */
export function moved(key: string, at: number, rows: number, page: number): number | undefined {
  if (rows === 0) return undefined;
  const places: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: at + page,
    PageUp: at - page,
    Home: 0,
    End: rows - 1,
  };
  const place = places[key];
  return place === undefined ? undefined : Math.min(rows - 1, Math.max(0, place));
}
