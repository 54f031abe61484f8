import { FlowerBackend } from '../adapters/nic/flower/backend.ts';
import { HostBackend } from '../adapters/nic/host/backend.ts';
import type { BackendConfig } from '../config/config.ts';
import type { OffloadBackend } from '../engine/ports/offload-backend.ts';
import { clearPrograms, clearRules, OBJECT_PATHS } from './left-tables.ts';

/**
 * Creates the NIC table of a host; undefined if none is configured, or virtual functions are. It removes what a daemon
 * with another adapter has left in its `pinPath` before it starts.
 */
export function nicBackend(config: BackendConfig): OffloadBackend | undefined {
  const { adapter, ...common } = config;
  if (adapter === 'emulator' || adapter === 'none' || adapter === 'vf' || adapter === 'ntuple') {
    return undefined;
  }
  if (adapter === 'flower') {
    const options = { ...common, objectPath: OBJECT_PATHS.flower };
    return new FlowerBackend(options, { clearOthers: clearPrograms(config) });
  }
  return new HostBackend({ ...common, adapter, objectPaths: OBJECT_PATHS }, clearRules(config));
}
