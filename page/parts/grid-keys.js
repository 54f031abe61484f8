/**
 * Where a key leads from row `at` of `rows`; undefined for a key that leads nowhere.
 *
 * @param {string} key
 * @param {number} at
 * @param {number} rows
 * @param {number} page rows that Page Up and Page Down jump over
 * @returns {number | undefined}
 */
export function moved(key, at, rows, page) {
  if (rows === 0) return undefined;
  /** @type {Readonly<Record<string, number>>} */
  const places = {
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
