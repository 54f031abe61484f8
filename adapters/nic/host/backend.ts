import { ProgramBackend } from '../core/program-backend.ts';
import { type HostHookOptions, hostHook } from './host-hook.ts';

const LABELS = { xdp: 'XDP', tcx: 'tcx', auto: 'XDP or tcx' } as const;

/**
 * The NIC table of a host: a BPF program on each port's device, as XDP or at tcx ingress, forwards the
 * packets of installed flows before the vSwitch receives them. The setting `auto` chooses for each
 * port by the datapath of its bridge, also when that changes.
 *
 * All ports share one table. A port whose hook changes, also from one daemon to the next, loses its
 * entries: what one hook can do with a packet, the other may not.
 */
export class HostBackend extends ProgramBackend {
  /** @throws {BackendOptionInvalid} */
  constructor(options: HostHookOptions) {
    const { adapter, mode } = options;
    const how = adapter === 'tcx' ? 'ingress' : mode;
    super({ name: adapter, label: LABELS[adapter], how, open: hostHook(options) }, options);
  }
}
