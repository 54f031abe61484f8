import { SerialQueue } from '../../../../async/serial-queue.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import type { Insertion } from '../../../../protocols/ethtool/receive-filters.ts';
import {
  type PlacedFilter,
  type ReceiveFilter,
  sameFilter,
} from '../../../../protocols/ethtool/receive-filter.ts';
import type { FilterDevice } from './filter-device.ts';
import { FilterLocations } from './filter-locations.ts';
import { FiltersNotRemoved, type FilterWriter, LeaseEnded } from './filter-writer.ts';
import type { FilterJournal } from './journal.ts';

const ENOENT = 2;
const ENOSPC = 28;
/** Time after which filters that the device did not give up are removed again, ms. */
const RETRY_MS = 500;
/** Filters in the journal that the device may no longer have, before it is rewritten. */
const SPARE_LINES = 10_000;

export interface FilterKeeperOptions {
  /** Name of the device, for errors. */
  readonly name: string;
  readonly device: FilterDevice;
  readonly journal: FilterJournal;
  /** CLOCK_MONOTONIC, ms. */
  readonly nowMs?: () => number;
}

/**
 * Keeps the receive filters of one device while a lease lasts, and removes them at its end.
 *
 * A NIC has no time-outs of its own, so this runs in a process beside the daemon
 * (`keeper-process.ts`), which outlives it. Every filter is in the journal before it is in the
 * device, so that the next keeper finds what a killed one left.
 */
export class FilterKeeper implements FilterWriter {
  readonly #name: string;
  readonly #device: FilterDevice;
  readonly #journal: FilterJournal;
  readonly #nowMs: () => number;
  readonly #serial = new SerialQueue();
  readonly #kept = new Map<number, ReceiveFilter>();
  readonly #listeners: (() => void)[] = [];
  readonly #stuckListeners: ((error: unknown) => void)[] = [];
  /** The last attempt to remove the filters after the end of the lease failed. */
  #isStuck = false;
  #locations: FilterLocations | undefined;
  #untilMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor({ name, device, journal, nowMs = monotonicMs }: FilterKeeperOptions) {
    this.#name = name;
    this.#device = device;
    this.#journal = journal;
    this.#nowMs = nowMs;
  }

  /**
   * Removes what an earlier keeper of this device left.
   *
   * @throws {EthtoolRefused} when the device has no receive filters; {@link FiltersNotRemoved}
   */
  async start(): Promise<void> {
    const info = await this.#device.info();
    const placed = await this.#device.list();
    const left = await this.#journal.read();
    const used = new Set<number>();
    for (const { location, filter } of placed) {
      const isOurs = filter !== undefined && left.some((entry) => sameFilter(entry, filter));
      if (isOurs) this.#kept.set(location, filter);
      else used.add(location);
    }
    await this.removeAll();
    await this.#device.prepare?.();
    if (!info.choosesLocations) this.#locations = new FilterLocations(info, used);
    await this.#journal.rewrite([]);
  }

  /** It runs in this process. */
  get pid(): number {
    return process.pid;
  }

  /** True while it keeps no filter. */
  get isEmpty(): boolean {
    return this.#kept.size === 0;
  }

  insert(filter: ReceiveFilter): Promise<Insertion> {
    return this.#serial.run(async () => {
      if (this.#nowMs() >= this.#untilMs) throw new LeaseEnded(this.#name);
      const chosen = this.#locations?.take();
      if (this.#locations !== undefined && chosen === undefined) return { errno: ENOSPC };
      await this.#write(filter);
      const inserted = await this.#device.insert(filter, chosen);
      if ('location' in inserted) this.#kept.set(inserted.location, filter);
      else if (chosen !== undefined) this.#locations?.free(chosen);
      return inserted;
    });
  }

  remove(location: number): Promise<number> {
    return this.#serial.run(() => this.#remove(location));
  }

  list(): Promise<readonly PlacedFilter[]> {
    return this.#serial.run(async () => {
      const placed = await this.#device.list();
      return placed.filter(({ location, filter }) => {
        const kept = this.#kept.get(location);
        return kept !== undefined && filter !== undefined && sameFilter(kept, filter);
      });
    });
  }

  async renew(untilMs: number): Promise<void> {
    await this.#serial.run(async () => {
      if (this.#kept.size > 0 && this.#nowMs() >= this.#untilMs) await this.#removeAll();
      this.#untilMs = untilMs;
      this.#watch();
    });
  }

  removeAll(): Promise<number> {
    return this.#serial.run(() => this.#removeAll());
  }

  onLapse(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Calls `listener` when the filters cannot be removed after the end of the lease; once, until an attempt
   * succeeds.
   */
  onStuck(listener: (error: unknown) => void): void {
    this.#stuckListeners.push(listener);
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#untilMs = Number.NEGATIVE_INFINITY;
    await this.removeAll();
    await this.#journal.rewrite([]);
  }

  async #write(filter: ReceiveFilter): Promise<void> {
    if (this.#journal.size > SPARE_LINES + 2 * this.#kept.size) {
      await this.#journal.rewrite(this.#kept.values());
    }
    await this.#journal.add(filter);
  }

  #watch(): void {
    clearTimeout(this.#timer);
    const leftMs = Math.max(0, this.#untilMs - this.#nowMs());
    this.#timer = setTimeout(() => void this.#lapse(), leftMs);
  }

  async #lapse(): Promise<void> {
    try {
      await this.#serial.run(async () => {
        if (this.#nowMs() < this.#untilMs) return this.#watch();
        const removed = await this.#removeAll();
        this.#isStuck = false;
        // Before a renewal that waits in the queue is answered.
        if (removed > 0) for (const listener of this.#listeners) listener();
      });
    } catch (error) {
      if (!this.#isStuck) for (const listener of this.#stuckListeners) listener(error);
      this.#isStuck = true;
      this.#timer = setTimeout(() => void this.#lapse(), RETRY_MS);
    }
  }

  async #removeAll(): Promise<number> {
    const before = this.#kept.size;
    let failed = 0;
    // Later ones may depend on earlier ones, such as an address on the function that it steers to.
    for (const location of [...this.#kept.keys()].toReversed()) {
      failed = (await this.#remove(location)) || failed;
    }
    if (this.#kept.size > 0) throw new FiltersNotRemoved(this.#name, this.#kept.size, failed);
    return before;
  }

  async #remove(location: number): Promise<number> {
    if (!this.#kept.has(location)) return 0;
    const errno = await this.#device.delete(location);
    if (errno !== 0 && errno !== ENOENT) return errno;
    this.#kept.delete(location);
    this.#locations?.free(location);
    return 0;
  }
}
