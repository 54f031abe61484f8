import type { DeviceHooks } from '../../adapters/nic/core/device-hooks.ts';
import { DevicePrograms } from '../../adapters/nic/core/device-programs.ts';
import type { NetworkLock } from '../../adapters/nic/core/network-lock.ts';
import type { OwnPrograms } from '../../adapters/nic/core/own-programs.ts';
import { flowerOtherHooks } from '../../adapters/nic/flower/other-hooks.ts';
import { ingressOtherHooks } from '../../adapters/nic/tcx/other-hooks.ts';
import { xdpOtherHooks } from '../../adapters/nic/xdp/other-hooks.ts';
import type { PortInfo } from '../../engine/model/port.ts';
import type { ProgramName, Settings } from '../model/facts.ts';
import { isSeen, type Seen } from '../model/seen.ts';
import { ownPrograms } from './own-programs.ts';
import { NotSeen, see } from './see.ts';

/** Why a port cannot be served at a hook; undefined if it can. */
export type Others = Readonly<Record<ProgramName, Seen<string | undefined>>>;

/**
 * Finds programs, filters and chains that an entry would bypass, by the daemon's own rules.
 *
 * @param ports with a device
 */
export async function otherHooks(
  ports: readonly PortInfo[],
  { pinPath, rulesIn }: Pick<Settings, 'pinPath' | 'rulesIn'>,
  lock: NetworkLock,
): Promise<(port: PortInfo) => Others> {
  const own = await see('programs of the daemon', async () => ownPrograms(pinPath));
  if (!isSeen(own)) return () => ({ xdp: own, tcx: own, flower: own });
  const xdp = await see('other hooks, for XDP', () => readXdp(ports, own.value, lock));
  const tcx = await see('other hooks, for tcx', () =>
    readHooks(ports, ingressOtherHooks(lock, own.value)),
  );
  const flower = await see('other hooks, for flower', () =>
    readHooks(ports, flowerOtherHooks(lock, rulesIn)),
  );
  return (port) => ({ xdp: of(xdp, port), tcx: of(tcx, port), flower: of(flower, port) });
}

type Found = ReadonlyMap<string, string>;

function of(found: Seen<Found>, { name }: PortInfo): Seen<string | undefined> {
  return isSeen(found) ? { value: found.value.get(name) } : found;
}

async function readXdp(
  ports: readonly PortInfo[],
  own: OwnPrograms,
  lock: NetworkLock,
): Promise<Found> {
  const found = new Map(await readHooks(ports, xdpOtherHooks(lock, own)));
  const programs = new DevicePrograms(lock);
  for (const { name, ifindex } of ports) {
    const { native, generic } = await programs.xdp(ifindex);
    const id = [native, generic].find((other) => other !== 0 && !own.has(other));
    if (id === undefined || found.has(name)) continue;
    found.set(name, `another XDP program (id ${id}) is attached to its device`);
  }
  return found;
}

async function readHooks(ports: readonly PortInfo[], hooks: DeviceHooks): Promise<Found> {
  try {
    await hooks.refresh(ports);
    // A failed reading is reported for every device, also for one that does not exist.
    const failure = hooks.on({ name: '', ifindex: -1 });
    if (failure !== undefined) throw new NotSeen({ unseen: failure });
    return new Map(
      ports.flatMap((port) => {
        const why = hooks.on(port);
        return why === undefined ? [] : [[port.name, why] as const];
      }),
    );
  } finally {
    hooks.close();
  }
}
