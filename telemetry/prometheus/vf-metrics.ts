import { Gauge, type Registry } from 'prom-client';
import type { OffloadBackend, VirtualFunctionState } from '../../engine/ports/offload-backend.ts';

/** Registers the metrics of virtual functions; 0 for backends that use none. */
export function registerVfMetrics(registry: Registry, backends: readonly OffloadBackend[]): void {
  const registers = [registry];
  const flows: Gauge = new Gauge({
    name: 'norikae_virtual_function_flows',
    help: 'Flows that virtual functions of the NIC carry past the vSwitch; norikae status lists them by port.',
    labelNames: ['backend'],
    registers,
    collect: () => {
      for (const [backend, functions] of byBackend(backends)) {
        flows.set(
          { backend },
          functions.reduce((sum, vf) => sum + vf.flows, 0),
        );
      }
    },
  });
  const functions: Gauge = new Gauge({
    name: 'norikae_virtual_functions',
    help: 'Virtual functions of the NIC, by state: open (the guest may send by it) or closed.',
    labelNames: ['backend', 'state'],
    registers,
    collect: () => {
      for (const [backend, all] of byBackend(backends)) {
        const open = all.filter(({ isOpen }) => isOpen).length;
        functions.set({ backend, state: 'open' }, open);
        functions.set({ backend, state: 'closed' }, all.length - open);
      }
    },
  });
}

function byBackend(
  backends: readonly OffloadBackend[],
): readonly (readonly [string, readonly VirtualFunctionState[]])[] {
  return backends.map((backend) => [backend.name, backend.virtualFunctions?.() ?? []]);
}
