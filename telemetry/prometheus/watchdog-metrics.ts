import { Counter, Gauge, type Registry } from 'prom-client';
import type { OffloadBackend } from '../../engine/ports/offload-backend.ts';

/** Registers the metrics of the watchdogs of backends. */
export function registerWatchdogMetrics(
  registry: Registry,
  backends: readonly OffloadBackend[],
): void {
  const common = { labelNames: ['backend'], registers: [registry] };
  const down = new Gauge({
    ...common,
    name: 'norikae_watchdog_down',
    help: "1 while the process does not run that removes a backend's entries from hardware when the lease lapses: the lease is not renewed then. 0 while it runs, and for backends without one.",
    collect: () => {
      for (const { name: backend, watchdog } of withState(backends)) {
        down.set({ backend }, watchdog?.isAlive === false ? 1 : 0);
      }
    },
  });
  const removed = new Counter({
    ...common,
    name: 'norikae_watchdog_removed_entries_total',
    help: 'Entries that the watchdog of a backend has removed after lapses of the lease.',
    collect: () => {
      removed.reset();
      for (const { name: backend, watchdog } of withState(backends)) {
        removed.inc({ backend }, watchdog?.removedEntries ?? 0);
      }
    },
  });
}

function withState(backends: readonly OffloadBackend[]) {
  return backends.map((backend) => ({ name: backend.name, watchdog: backend.watchdog?.() }));
}
