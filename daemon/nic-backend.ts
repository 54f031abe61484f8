import { join } from 'node:path';
import { FlowerBackend } from '../adapters/nic/flower/backend.ts';
import { hasLeftRules } from '../adapters/nic/flower/pins.ts';
import { HostBackend } from '../adapters/nic/host/backend.ts';
import { hasLeftPrograms, leftEntries } from '../adapters/nic/host/left.ts';
import type { BackendConfig } from '../config/config.ts';
import type { OffloadBackend } from '../engine/ports/offload-backend.ts';
import { packageRoot } from '../platform/package-root.ts';

const OBJECT_PATHS = { xdp: objectOf('xdp'), tcx: objectOf('tcx') } as const;

/**
 * Creates the NIC table of a host; undefined if none is configured, or virtual functions are. It removes what a daemon
 * with another adapter has left in its `pinPath` before it starts.
 */
export function nicBackend(config: BackendConfig): OffloadBackend | undefined {
  const { adapter, ports, ...settings } = config;
  if (adapter === 'emulator' || adapter === 'none' || adapter === 'vf' || adapter === 'ntuple') {
    return undefined;
  }
  const { pinPath } = settings;
  const common = { ...settings, ...(ports === undefined ? {} : { ports }) };
  const flower = { ...common, objectPath: objectOf('flower') };
  if (adapter === 'flower') {
    const programs = { ...common, adapter: 'auto', objectPaths: OBJECT_PATHS } as const;
    return new FlowerBackend(flower, {
      clearOthers: async (signal) => {
        if (!hasLeftPrograms(pinPath)) return;
        const entries = leftEntries(pinPath) ?? common.entries;
        await withdraw(new HostBackend({ ...programs, entries }), signal);
      },
    });
  }
  // Rules in hardware are removed in the same way, and this needs no watchdog.
  const rules = { ...flower, rulesIn: 'software' } as const;
  return new HostBackend({ ...common, adapter, objectPaths: OBJECT_PATHS }, async (signal) => {
    if (hasLeftRules(pinPath)) await withdraw(new FlowerBackend(rules), signal);
  });
}

/** Removes what a daemon has left: without ports, nothing of it is adopted. */
async function withdraw(earlier: OffloadBackend, signal: AbortSignal): Promise<void> {
  await earlier.start(new Map(), signal);
  await earlier.close('withdraw');
}

/** Path of the compiled programs of a hook. */
function objectOf(hook: 'xdp' | 'tcx' | 'flower'): string {
  return join(packageRoot(), 'dist/adapters/nic', hook, 'norikae.bpf.o');
}
