import { ProgramBackend } from '../core/program-backend.ts';
import { type HostHookOptions, hostHooks } from './host-hook.ts';

const LABELS = { xdp: 'XDP', tcx: 'tcx', cls_bpf: 'cls_bpf', auto: 'XDP, tcx or cls_bpf' } as const;

/**
 * The NIC table of a host: a BPF program on each port's device, as XDP or at tc ingress, forwards the
 * packets of installed flows before the vSwitch receives them. The setting `auto` chooses for each
 * port by the datapath of its bridge, also when that changes.
 *
 * All ports share one table. A port whose hook changes, also from one daemon to the next, loses its
 * entries: what one hook can do with a packet, the other may not.
 */
export class HostBackend extends ProgramBackend {
  /**
   * @param clearOthers removes what daemons with other adapters have left, before each start; left out: nothing
   * @throws {BackendOptionInvalid}
   */
  constructor(
    options: HostHookOptions,
    clearOthers: (signal: AbortSignal) => Promise<void> = async () => undefined,
  ) {
    const { adapter, mode } = options;
    const how = adapter === 'tcx' || adapter === 'cls_bpf' ? 'ingress' : mode;
    const open = hostHooks(options);
    super({ name: adapter, label: LABELS[adapter], how, open, clearOthers }, options);
  }
}
