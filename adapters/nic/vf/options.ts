import { BackendOptionInvalid } from '../core/errors.ts';
import type { SteeringMode } from './wanted.ts';

/** A VM with a virtual function (VF). */
export interface VfVm {
  /** Its port of the vSwitch, with the MAC address of its paravirtual interface. */
  readonly port: string;
  /** Name of the channel to its agent. */
  readonly guest: string;
  /** Number of the VF, from 0. */
  readonly vf: number;
  /** The VF's own MAC address, while nothing is offloaded: `02:0f:00:00:00:01`. */
  readonly vfMac: string;
  /** VLAN id that the NIC tags the VM's packets with; 0: none. */
  readonly vlan: number;
  /** Most that the VF may send, Mbit/s; 0: no limit. */
  readonly maxTxMbps: number;
  /**
   * The guest may send whatever it likes on the VF, although the vSwitch would not pass everything.
   * Off by default.
   */
  readonly trustGuest: boolean;
}

export interface VfOptions {
  /** Port of the vSwitch that is the NIC's physical function. */
  readonly uplink: string;
  /** Maximum number of flows with an entry. */
  readonly entries: number;
  readonly leaseMs: number;
  readonly steering: SteeringMode;
  /** As for the receive filters; only for steering by `ntuple`. */
  readonly addressesAreUnique: boolean;
  readonly vms: readonly VfVm[];
  /** Time for packets on their way through the VF, before the guest's receive rules go, ms. */
  readonly drainMs?: number;
}

/** Longest lease that a guest accepts, ms. */
const MAX_LEASE_MS = 60_000;
const MAC = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/;

/** @throws {BackendOptionInvalid} */
export function checkOptions({ entries, leaseMs, vms }: VfOptions): void {
  must(Number.isInteger(entries) && entries >= 1, 'entries', 'must be a whole number from 1');
  must(
    Number.isInteger(leaseMs) && leaseMs >= 500 && leaseMs <= MAX_LEASE_MS,
    'leaseMs',
    `must be a whole number from 500 to ${MAX_LEASE_MS}`,
  );
  for (const key of ['port', 'guest', 'vf', 'vfMac'] as const) {
    must(new Set(vms.map((vm) => vm[key])).size === vms.length, 'vms', `have a ${key} in common`);
  }
  for (const { vfMac, vlan, vf } of vms) {
    must(MAC.test(vfMac), 'vfMac', `must be a MAC address, not ${vfMac}`);
    must(vlan >= 0 && vlan <= 4_094, 'vlan', 'must be a number from 0 to 4094');
    must(vf >= 0 && vf <= 254, 'vf', 'must be a number from 0 to 254');
  }
}

function must(holds: boolean, option: string, detail: string): void {
  if (!holds) throw new BackendOptionInvalid('vf', option, detail);
}
