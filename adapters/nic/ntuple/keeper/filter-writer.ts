import type { PlacedFilter, ReceiveFilter } from '../../../../protocols/ethtool/receive-filter.ts';
import type { Insertion } from '../../../../protocols/ethtool/receive-filters.ts';

/**
 * Writes receive filters of one device under a lease: when it ends, the filters are removed.
 *
 * Filters of other programs are neither reported nor changed.
 */
export interface FilterWriter {
  /** Makes it ready; removes what an earlier one of the device has left. */
  start(): Promise<void>;
  /** Inserts a filter. @throws {LeaseEnded} after the end of the lease */
  insert(filter: ReceiveFilter): Promise<Insertion>;
  /** Removes a filter that was inserted here; one that is gone is no error. Resolves to the errno. */
  remove(location: number): Promise<number>;
  /** The filters inserted here that the device still has. */
  list(): Promise<readonly PlacedFilter[]>;
  /**
   * Lets the filters stay until a time, ms of CLOCK_MONOTONIC. After a lease has ended, a new one
   * begins without filters.
   */
  renew(untilMs: number): Promise<void>;
  /** Removes all filters. Resolves to their number; rejects if one may still be in the device. */
  removeAll(): Promise<number>;
  /** Its process; 0: none has started, or it is being replaced. */
  readonly pid: number;
  /** Calls `listener` when the filters were removed because the lease ended, or the writer died. */
  onLapse(listener: () => void): void;
  /** Removes all filters and ends. */
  close(): Promise<void>;
}

/** The lease has ended: no filter is inserted before a renewal. */
export class LeaseEnded extends Error {
  override readonly name = 'LeaseEnded';

  constructor(device: string) {
    super(`${device}: the lease has ended, so that no filter is inserted before it is renewed`);
  }
}

/** Filters could not be removed from a device. */
export class FiltersNotRemoved extends Error {
  override readonly name = 'FiltersNotRemoved';

  constructor(device: string, count: number, errno: number) {
    super(
      `${device}: ${count} receive filters cannot be removed (errno ${errno}); the next attempt ` +
        'retries; ethtool -n shows them, and ethtool -N DEVICE delete removes one by hand',
    );
  }
}
