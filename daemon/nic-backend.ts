import { join } from 'node:path';
import { FlowerBackend } from '../adapters/nic/flower/backend.ts';
import { HostBackend } from '../adapters/nic/host/backend.ts';
import type { BackendConfig } from '../config/config.ts';
import type { OffloadBackend } from '../engine/ports/offload-backend.ts';
import { packageRoot } from '../platform/package-root.ts';

const OBJECT_PATHS = { xdp: objectOf('xdp'), tcx: objectOf('tcx') } as const;

/** Creates the NIC table of a host; undefined if none is configured, or virtual functions are. */
export function nicBackend(config: BackendConfig): OffloadBackend | undefined {
  const { adapter, ports, ...settings } = config;
  if (adapter === 'emulator' || adapter === 'none' || adapter === 'vf' || adapter === 'ntuple') {
    return undefined;
  }
  const only = ports === undefined ? {} : { ports };
  if (adapter === 'flower') {
    return new FlowerBackend({ ...settings, objectPath: objectOf('flower'), ...only });
  }
  return new HostBackend({ ...settings, adapter, objectPaths: OBJECT_PATHS, ...only });
}

/** Path of the compiled programs of a hook. */
function objectOf(hook: 'xdp' | 'tcx' | 'flower'): string {
  return join(packageRoot(), 'dist/adapters/nic', hook, 'norikae.bpf.o');
}
