import { join } from 'node:path';
import { TcxBackend } from '../adapters/nic/tcx/backend.ts';
import { XdpBackend } from '../adapters/nic/xdp/backend.ts';
import type { BackendConfig } from '../config/config.ts';
import type { OffloadBackend } from '../engine/ports/offload-backend.ts';
import { packageRoot } from '../platform/package-root.ts';

/** Creates the configured NIC table of a host; undefined: there is none. */
export function nicBackend(config: BackendConfig): OffloadBackend | undefined {
  const { adapter, mode, pinPath, entries, masks, leaseMs, heartbeatMs, detachAfterMs } = config;
  const settings = {
    pinPath,
    entries,
    masks,
    leaseMs,
    heartbeatMs,
    detachAfterMs,
    ...(config.ports === undefined ? {} : { ports: config.ports }),
  };
  if (adapter === 'xdp') return new XdpBackend({ ...settings, objectPath: objectOf('xdp'), mode });
  if (adapter === 'tcx') return new TcxBackend({ ...settings, objectPath: objectOf('tcx') });
  return undefined;
}

/** Path of the compiled program of a hook. */
function objectOf(hook: 'xdp' | 'tcx'): string {
  return join(packageRoot(), 'dist/adapters/nic', hook, 'norikae.bpf.o');
}
