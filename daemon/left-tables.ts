import { join } from 'node:path';
import { FlowerBackend } from '../adapters/nic/flower/backend.ts';
import { hasLeftRules } from '../adapters/nic/flower/pins.ts';
import { HostBackend } from '../adapters/nic/host/backend.ts';
import { hasLeftPrograms, leftEntries } from '../adapters/nic/host/left.ts';
import type { BackendConfig } from '../config/config.ts';
import type { OffloadBackend } from '../engine/ports/offload-backend.ts';
import { packageRoot } from '../platform/package-root.ts';

/** The compiled programs of each hook. */
export const OBJECT_PATHS = {
  xdp: objectOf('xdp'),
  tcx: objectOf('tcx'),
  flower: objectOf('flower'),
} as const;

/** Adapters without a table in `pinPath`. */
const WITHOUT_TABLE: ReadonlySet<BackendConfig['adapter']> = new Set([
  'none',
  'vf',
  'ntuple',
  'emulator',
]);

/** Removes what an earlier daemon has left in its `pinPath`, if there is anything. */
export type ClearLeft = (signal: AbortSignal) => Promise<void>;

/** Removes the BPF programs and entries that a daemon has left at XDP, tcx or cls_bpf. */
export function clearPrograms(config: BackendConfig): ClearLeft {
  const { pinPath } = config;
  return async (signal) => {
    if (!hasLeftPrograms(pinPath)) return;
    const entries = leftEntries(pinPath) ?? config.entries;
    const options = { ...config, adapter: 'auto', objectPaths: OBJECT_PATHS, entries } as const;
    await withdraw(new HostBackend(options), signal);
  };
}

/** Removes the rules of tc flower that a daemon has left. Those in hardware go the same way, without a watchdog. */
export function clearRules(config: BackendConfig): ClearLeft {
  const options = { ...config, objectPath: OBJECT_PATHS.flower, rulesIn: 'software' } as const;
  return async (signal) => {
    if (hasLeftRules(config.pinPath)) await withdraw(new FlowerBackend(options), signal);
  };
}

/**
 * Removes both, for an adapter that has nothing in `pinPath`: receive filters, virtual functions, or none. Undefined:
 * the backend of the adapter removes what others have left.
 */
export function clearTables(config: BackendConfig): ClearLeft | undefined {
  if (!WITHOUT_TABLE.has(config.adapter)) return undefined;
  return async (signal) => {
    await clearPrograms(config)(signal);
    await clearRules(config)(signal);
  };
}

/** Without ports, nothing is adopted. */
async function withdraw(earlier: OffloadBackend, signal: AbortSignal): Promise<void> {
  await earlier.start(new Map(), signal);
  await earlier.close('withdraw');
}

/** Path of the compiled programs of a hook. */
function objectOf(hook: 'xdp' | 'tcx' | 'flower'): string {
  return join(packageRoot(), 'dist/adapters/nic', hook, 'norikae.bpf.o');
}
