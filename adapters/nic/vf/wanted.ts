import type { VmState } from './steps.ts';

/** How the NIC steers: each flow by a filter, or all that the VM receives by its MAC address. */
export type SteeringMode = 'ntuple' | 'mac';

/** Id of what concerns all packets of a VM: its MAC address at the NIC, and the receive rule for it. */
export const WHOLE_VM = '*';

/** A flow of a VM that has an entry: its id, and which way it goes as the VM sees it. */
export interface VmEntry {
  readonly id: string;
  readonly direction: 'receive' | 'transmit';
}

/**
 * The state that the entries of a VM need.
 *
 * With `mac`, everything needs the VM's address at the VF: it steers, and it lets the NIC check the
 * source of what the VM sends. A receive rule for the whole VM takes what has no entry.
 */
export function wantedState(mode: SteeringMode, entries: readonly VmEntry[]): VmState {
  const idsOf = (direction: VmEntry['direction']): string[] =>
    entries.filter((entry) => entry.direction === direction).map(({ id }) => id);
  const receive = idsOf('receive');
  const whole = mode === 'mac' && entries.length > 0 ? [WHOLE_VM] : [];
  return {
    isOpen: entries.length > 0,
    receive: new Set([...whole, ...receive]),
    steered: new Set(mode === 'mac' ? whole : receive),
    transmit: new Set(idsOf('transmit')),
  };
}
