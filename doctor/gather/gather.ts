import { NetworkLock } from '../../adapters/nic/core/network-lock.ts';
import { chooseHook } from '../../adapters/nic/host/choice.ts';
import type { BpfFacts, HostFacts, Settings } from '../model/facts.ts';
import { isSeen } from '../model/seen.ts';
import { bpfFacts, type ObjectPaths } from './bpf.ts';
import { portFacts } from './ports.ts';
import { see } from './see.ts';
import { systemFacts } from './system.ts';
import { readConfiguration, vswitchFacts } from './vswitch.ts';

/** Longest time for all ports together, ms; a call for one of them takes microseconds. */
const PORTS_MS = 20_000;

/** `CAP_NET_ADMIN` (linux/capability.h) in a mask of capabilities. */
const NET_ADMIN = 1n << 12n;

/** What is seen of the host itself. */
export type GatheredFacts = Pick<HostFacts, 'system' | 'bpf' | 'hooks' | 'vswitch' | 'ports'>;

/**
 * Looks at the host, and changes nothing. Programs and maps that it loads to see whether the kernel
 * accepts them are closed at once and never attached. Never rejects; every wait is bounded.
 */
export async function gatherFacts(
  settings: Settings,
  objects: ObjectPaths,
): Promise<GatheredFacts> {
  const lock = new NetworkLock();
  const reading = await readConfiguration(settings);
  const system = await systemFacts();
  const { capabilities } = system;
  const mayAskDevices = isSeen(capabilities) && (capabilities.value & NET_ADMIN) !== 0n;
  const bpf = await bpfFacts(settings.pinPath, objects, lock, mayAskDevices);
  return {
    system,
    bpf,
    hooks: hooksFor(settings, bpf),
    vswitch: await vswitchFacts(settings, reading),
    ports: isSeen(reading)
      ? await see('ports', () => portFacts(reading.value.ports.values(), settings, lock), PORTS_MS)
      : reading,
  };
}

function hooksFor({ adapter }: Settings, { knowsTcx, programs }: BpfFacts): HostFacts['hooks'] {
  if (adapter === 'flower') return { userspace: adapter, kernel: adapter, unknown: adapter };
  const ingress = isSeen(knowsTcx) && !knowsTcx.value ? 'cls_bpf' : 'tcx';
  const unusable = 'the kernel does not accept the program';
  const facts = {
    // Virtual functions and receive filters have no hook; the ports are checked as without them.
    setting: adapter === 'none' || adapter === 'vf' || adapter === 'ntuple' ? 'auto' : adapter,
    ingress: isSeen(programs.tcx) ? ingress : { unusable },
  } as const;
  return {
    userspace: chooseHook({ datapath: 'userspace' }, facts).hook,
    kernel: chooseHook({ datapath: 'kernel' }, facts).hook,
    unknown: chooseHook({}, facts).hook,
  };
}
