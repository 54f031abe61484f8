import { openFilterDevice } from '../adapters/nic/ntuple/keeper/filter-device.ts';
import { KeeperClient } from '../adapters/nic/ntuple/keeper/keeper-client.ts';
import { NtupleBackend } from '../adapters/nic/ntuple/ntuple-backend.ts';
import type { BackendConfig, ReceiveFiltersConfig } from '../config/config.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { OffloadBackend } from '../engine/ports/offload-backend.ts';
import type { Log } from '../platform/log.ts';

/** The receive filters of a NIC, with a keeper process. */
export function ntupleBackend(
  { entries, leaseMs }: BackendConfig,
  { uplink, addressesAreUnique, journal, targets }: ReceiveFiltersConfig,
  clock: Pick<Clock, 'now'>,
  log: Log,
): OffloadBackend {
  const warn = (line: string): void => log.warn(line);
  const targetOf = new Map(targets.map(({ port, vf, queue }) => [port, { vf, queue }]));
  return new NtupleBackend(
    { uplink, entries, leaseMs, addressesAreUnique, targetOf: ({ name }) => targetOf.get(name) },
    {
      device: openFilterDevice(uplink),
      writer: new KeeperClient({ device: uplink, journal, log: warn }),
      log: warn,
      nowMs: () => clock.now(),
    },
  );
}
