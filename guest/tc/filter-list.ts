/** A filter as `tc -s -j filter show` reports it. */
export interface ListedFilter {
  readonly priority: number;
  readonly handle: number;
  readonly packets: number;
  readonly bytes: number;
}

/** The filters in the output of `tc -s -j filter show`; heads of lists are left out. */
export function listedFilters(json: string): readonly ListedFilter[] {
  if (json.trim() === '') return [];
  const list: unknown = JSON.parse(json);
  if (!Array.isArray(list)) return [];
  return list.map(filterOf).filter((filter) => filter !== undefined);
}

function filterOf(item: unknown): ListedFilter | undefined {
  const priority = numberAt(item, 'pref');
  const options = valueAt(item, 'options');
  const handle = numberAt(options, 'handle');
  if (priority === undefined || handle === undefined) return undefined;
  const actions = valueAt(options, 'actions');
  const stats = Array.isArray(actions) ? valueAt(actions.at(-1), 'stats') : undefined;
  return {
    priority,
    handle,
    packets: numberAt(stats, 'packets') ?? 0,
    bytes: numberAt(stats, 'bytes') ?? 0,
  };
}

function numberAt(value: unknown, key: string): number | undefined {
  const found = valueAt(value, key);
  return typeof found === 'number' ? found : undefined;
}

function valueAt(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([name]) => name === key)?.[1];
}
