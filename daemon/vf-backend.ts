import { openFilterDevice } from '../adapters/nic/ntuple/keeper/filter-device.ts';
import { KeeperClient } from '../adapters/nic/ntuple/keeper/keeper-client.ts';
import { VfBackend } from '../adapters/nic/vf/vf-backend.ts';
import { vfKeeperScript } from '../adapters/nic/vf/vf-keeper-settings.ts';
import type { BackendConfig, SriovConfig } from '../config/config.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { OffloadBackend } from '../engine/ports/offload-backend.ts';
import type { Log } from '../platform/log.ts';
import type { GuestSessions } from '../protocols/guest-channel/host/session.ts';

/** The virtual functions of a NIC, with a keeper process and the channels to the guests. */
export function vfBackend(
  { entries, leaseMs }: BackendConfig,
  sriov: SriovConfig,
  sessions: GuestSessions,
  clock: Pick<Clock, 'now'>,
  log: Log,
): OffloadBackend {
  const { uplink, journal, vms, steering } = sriov;
  const filters = steering === 'ntuple';
  const warn = (line: string): void => log.warn(line);
  const writer = new KeeperClient({
    device: uplink,
    journal,
    log: warn,
    script: vfKeeperScript({ vms, filters }),
  });
  return new VfBackend(
    { ...sriov, entries, leaseMs },
    {
      writer,
      sessions,
      log: warn,
      nowMs: () => clock.now(),
      ...(filters ? { filters: openFilterDevice(uplink) } : {}),
    },
  );
}
