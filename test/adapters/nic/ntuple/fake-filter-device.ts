import { constants } from 'node:os';
import type { FilterDevice } from '../../../../adapters/nic/ntuple/keeper/filter-device.ts';
import {
  keyText,
  type PlacedFilter,
  type ReceiveFilter,
} from '../../../../protocols/ethtool/receive-filter.ts';
import type { Insertion, TableInfo } from '../../../../protocols/ethtool/receive-filters.ts';

const { EBUSY, EEXIST, EINVAL, EIO, ENOENT, ENOSPC, EOPNOTSUPP } = constants.errno;

export interface FakeDeviceOptions {
  readonly places: number;
  readonly choosesLocations?: boolean;
  /** Kinds that it accepts. */
  readonly kinds?: readonly string[];
}

/** A table of receive filters in memory. */
export class FakeFilterDevice implements FilterDevice {
  readonly filters = new Map<number, ReceiveFilter>();
  /** Keys (see `keyText`) that have no place within the probe depth. */
  readonly crowded = new Set<string>();
  /** Deletions fail while true. */
  isStuck = false;
  /** Deletions that were asked for, failed ones included. */
  deletions = 0;
  readonly #options: Required<FakeDeviceOptions>;

  constructor(options: FakeDeviceOptions) {
    this.#options = { choosesLocations: true, kinds: ['tcp4', 'udp4'], ...options };
  }

  async info(): Promise<TableInfo> {
    const { places, choosesLocations } = this.#options;
    return { used: this.filters.size, places, choosesLocations };
  }

  async insert(filter: ReceiveFilter, location?: number): Promise<Insertion> {
    const { places, choosesLocations, kinds } = this.#options;
    if (!kinds.includes(filter.key.kind)) return { errno: EOPNOTSUPP };
    const text = keyText(filter.key);
    if ([...this.filters.values()].some(({ key }) => keyText(key) === text))
      return { errno: EEXIST };
    if (this.crowded.has(text)) return { errno: EBUSY };
    const free = Array.from({ length: places }, (_, n) => n).find((n) => !this.filters.has(n));
    if (!choosesLocations && (location === undefined || location >= places)) {
      return { errno: EINVAL };
    }
    const at = choosesLocations ? free : location;
    if (at === undefined) return { errno: ENOSPC };
    this.filters.set(at, filter);
    return { location: at };
  }

  async delete(location: number): Promise<number> {
    this.deletions++;
    if (this.isStuck) return EIO;
    return this.filters.delete(location) ? 0 : ENOENT;
  }

  async list(): Promise<readonly PlacedFilter[]> {
    return Array.from(this.filters, ([location, filter]) => ({ location, filter }));
  }
}
