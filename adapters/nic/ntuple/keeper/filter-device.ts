import {
  type EthtoolCall,
  type Insertion,
  ReceiveFilters,
  type TableInfo,
} from '../../../../protocols/ethtool/receive-filters.ts';
import type { PlacedFilter, ReceiveFilter } from '../../../../protocols/ethtool/receive-filter.ts';
import { Ethtool } from '../../core/ethtool.ts';
import { NetworkLock } from '../../core/network-lock.ts';

/** A NIC's table of receive filters, as {@link ReceiveFilters} reaches it. */
export interface FilterDevice {
  /** Brings the device into the state without filters; called once, when filters of an earlier keeper are gone. */
  prepare?(): Promise<void>;
  info(): Promise<TableInfo>;
  insert(filter: ReceiveFilter, location?: number): Promise<Insertion>;
  delete(location: number): Promise<number>;
  list(): Promise<readonly PlacedFilter[]>;
}

/** The receive filters of a device of this network namespace. */
export function openFilterDevice(device: string): ReceiveFilters {
  const ethtool = new Ethtool(new NetworkLock());
  const call: EthtoolCall = (name, request) =>
    ethtool.call(name, request, `changing receive filters of ${name}`);
  return new ReceiveFilters(device, call);
}
