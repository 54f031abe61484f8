import type { PlacedFilter, ReceiveFilter } from '../../../../protocols/ethtool/receive-filter.ts';
import type { Insertion } from '../../../../protocols/ethtool/receive-filters.ts';
import { isFilter } from './journal.ts';

/* What daemon and keeper process write to each other: a JSON object a line. */

/** What the daemon asks for. */
export type KeeperCommand =
  | { readonly do: 'insert'; readonly filter: ReceiveFilter }
  | { readonly do: 'remove'; readonly location: number }
  | { readonly do: 'list' }
  | { readonly do: 'renew'; readonly untilMs: number }
  | { readonly do: 'remove-all' };

export type KeeperRequest = KeeperCommand & { readonly id: number };

/** What each command resolves to. */
export interface KeeperResults {
  readonly insert: Insertion;
  readonly remove: number;
  readonly list: readonly PlacedFilter[];
  readonly renew: null;
  readonly 'remove-all': number;
}

/**
 * What the keeper says: an answer, that it is ready or cannot start, that the lease has ended, or that filters
 * cannot be removed after its end.
 */
export type KeeperMessage =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string; readonly leaseEnded: boolean }
  | { readonly event: 'ready' | 'lapsed' }
  | { readonly event: 'failed' | 'stuck'; readonly error: string };

/** A request in a line; undefined if it is not one. */
export function parseRequest(line: string): KeeperRequest | undefined {
  const value = parseObject(line);
  if (value === undefined || typeof value.id !== 'number') return undefined;
  const { id } = value;
  switch (value.do) {
    case 'insert':
      return isFilter(value.filter) ? { id, do: 'insert', filter: value.filter } : undefined;
    case 'remove':
      return typeof value.location === 'number'
        ? { id, do: 'remove', location: value.location }
        : undefined;
    case 'renew':
      return typeof value.untilMs === 'number'
        ? { id, do: 'renew', untilMs: value.untilMs }
        : undefined;
    case 'list':
    case 'remove-all':
      return { id, do: value.do };
    default:
      return undefined;
  }
}

/** A message in a line; undefined if it is not one. */
export function parseMessage(line: string): KeeperMessage | undefined {
  const value = parseObject(line);
  if (value === undefined) return undefined;
  const { event, id, error } = value;
  if (event === 'ready' || event === 'lapsed') return { event };
  if ((event === 'failed' || event === 'stuck') && typeof error === 'string') {
    return { event, error };
  }
  if (typeof id !== 'number') return undefined;
  if (typeof error === 'string') return { id, error, leaseEnded: value.leaseEnded === true };
  return { id, result: value.result };
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/* The results as the daemon's side checks them. The keeper is the same program, so a wrong shape is a
   defect, and ends the connection to it. */

export function isInsertion(value: unknown): value is Insertion {
  return isObject(value) && (typeof value.location === 'number' || typeof value.errno === 'number');
}

export function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

export function isNull(value: unknown): value is null {
  return value === null;
}

export function isPlacedFilters(value: unknown): value is readonly PlacedFilter[] {
  return (
    Array.isArray(value) &&
    value.every(
      (item: unknown) =>
        isObject(item) && typeof item.location === 'number' && isFilter(item.filter),
    )
  );
}
