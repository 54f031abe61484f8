import { type FlowId, formatFlowId } from '../../../engine/model/flow-id.ts';
import type { OperationResult } from '../../../engine/ports/offload-backend.ts';
import {
  keyText,
  type PlacedFilter,
  sameFilter,
} from '../../../protocols/ethtool/receive-filter.ts';
import { errnoName } from '../core/errors.ts';
import {
  ABSENT,
  DELETED,
  INSTALLED,
  refused,
  REPLACED,
  UNCHANGED,
} from '../core/operation-results.ts';
import type { FlowFilter } from './filter-of-flow.ts';
import { refusalOfErrno } from './filter-refusal.ts';
import { type FilterWriter, LeaseEnded } from './keeper/filter-writer.ts';

/** An entry: a flow and its filter. */
export interface FilterEntry extends FlowFilter {
  /** Place in the device's table; undefined after the lease has ended. */
  location: number | undefined;
}

/** The flows that have a filter, by their ids and by the keys of their filters. */
export class FilterTable {
  readonly #device: string;
  readonly #entries: number;
  readonly #writer: FilterWriter;
  readonly #byId = new Map<string, FilterEntry>();
  readonly #byKey = new Map<string, FilterEntry>();

  /** @param entries maximum number of filters */
  constructor(device: string, entries: number, writer: FilterWriter) {
    this.#device = device;
    this.#entries = entries;
    this.#writer = writer;
  }

  get used(): number {
    return this.#byId.size;
  }

  all(): IterableIterator<FilterEntry> {
    return this.#byId.values();
  }

  /** Installs or replaces the filter of a flow. A replaced filter is removed first. */
  async put(wanted: FlowFilter): Promise<OperationResult> {
    const { id } = wanted.flow;
    const before = this.#byId.get(formatFlowId(id));
    if (before?.location !== undefined && sameFilter(before.filter, wanted.filter)) {
      return UNCHANGED;
    }
    const holder = this.#byKey.get(keyText(wanted.filter.key));
    if (holder !== undefined && holder !== before) {
      const detail = `flow ${formatFlowId(holder.flow.id)} has a filter with the same addresses and ports`;
      return refused('device-error', detail);
    }
    if (before !== undefined) {
      const removed = await this.delete(id);
      if (!removed.ok) return removed;
    }
    if (this.used >= this.#entries) {
      return refused('table-full', `${this.#entries} filters are in use, which is the maximum`);
    }
    const entry: FilterEntry = { ...wanted, location: undefined };
    const failure = await this.#insert(entry);
    if (failure !== undefined) return failure;
    this.#byId.set(formatFlowId(id), entry);
    this.#byKey.set(keyText(wanted.filter.key), entry);
    return before === undefined ? INSTALLED : REPLACED;
  }

  async delete(id: FlowId): Promise<OperationResult> {
    const entry = this.#byId.get(formatFlowId(id));
    if (entry === undefined) return ABSENT;
    if (entry.location !== undefined) {
      const errno = await this.#writer.remove(entry.location);
      if (errno !== 0) {
        return refused(
          'device-error',
          `${this.#device} does not delete the filter (${errnoName(errno)}); the next attempt retries`,
        );
      }
    }
    this.#forget(entry);
    return DELETED;
  }

  /** Ids of the entries whose filters are in the device. */
  installed(placed: readonly PlacedFilter[]): readonly FlowId[] {
    const locations = new Set(placed.map(({ location }) => location));
    return [...this.#byId.values()]
      .filter(({ location }) => location !== undefined && locations.has(location))
      .map(({ flow }) => flow.id);
  }

  /** The device has lost all filters. */
  lapse(): void {
    for (const entry of this.#byId.values()) entry.location = undefined;
  }

  /** Installs filters that the end of a lease has removed. Resolves to the flows that lost theirs. */
  async restore(): Promise<readonly FlowId[]> {
    const lost: FlowId[] = [];
    for (const entry of this.#byId.values()) {
      if (entry.location !== undefined || (await this.#insert(entry)) === undefined) continue;
      this.#forget(entry);
      lost.push(entry.flow.id);
    }
    return lost;
  }

  clear(): void {
    this.#byId.clear();
    this.#byKey.clear();
  }

  #forget(entry: FilterEntry): void {
    this.#byId.delete(formatFlowId(entry.flow.id));
    this.#byKey.delete(keyText(entry.filter.key));
  }

  /** Resolves to the refusal, undefined if the filter is in the device. */
  async #insert(entry: FilterEntry): Promise<OperationResult | undefined> {
    try {
      const answer = await this.#writer.insert(entry.filter);
      if ('errno' in answer) {
        return { ok: false, refusal: refusalOfErrno(answer.errno, this.#device) };
      }
      entry.location = answer.location;
      return undefined;
    } catch (error) {
      if (error instanceof LeaseEnded) return refused('device-error', error.message);
      throw error;
    }
  }
}
