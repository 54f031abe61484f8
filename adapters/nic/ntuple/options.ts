import type { PortInfo } from '../../../engine/model/port.ts';
import type { ReceiveTarget } from '../../../protocols/ethtool/receive-filter.ts';
import { BackendOptionInvalid } from '../core/errors.ts';

export interface NtupleOptions {
  /** Port of the vSwitch that is the NIC; filters see what arrives there. */
  readonly uplink: string;
  /** Maximum number of filters. */
  readonly entries: number;
  readonly leaseMs: number;
  /** Where packets to a port go; undefined: the port has no queue or virtual function. */
  readonly targetOf: (port: PortInfo) => ReceiveTarget | undefined;
  /**
   * The operator states that each IP address behind the uplink belongs to one host, in whichever
   * VLAN. Filters match addresses and ports, and neither MAC addresses nor VLANs, so without this
   * they would also take packets of another host with the same address.
   */
  readonly addressesAreUnique: boolean;
}

/** @throws {BackendOptionInvalid} */
export function checkOptions({ entries, leaseMs }: NtupleOptions): void {
  inRange('entries', entries, 1, 1 << 20);
  inRange('leaseMs', leaseMs, 100, 3_600_000);
}

function inRange(option: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new BackendOptionInvalid(
    'ntuple',
    option,
    `must be a whole number from ${least} to ${most}`,
  );
}
