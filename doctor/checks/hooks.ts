import type { PortInfo } from '../../engine/model/port.ts';
import type { HookName, HostFacts, ProgramName } from '../model/facts.ts';
import { isSeen } from '../model/seen.ts';

/** The hook that serves ports of a bridge with this datapath. */
export function hookOf(datapath: PortInfo['datapath'], { hooks }: HostFacts): HookName {
  return hooks[datapath ?? 'unknown'];
}

/** The program that runs at a hook. */
export function programAt(hook: HookName): ProgramName {
  return hook === 'cls_bpf' ? 'tcx' : hook;
}

/** The hooks that this host needs. */
export function neededHooks(facts: HostFacts): ReadonlySet<HookName> {
  const { configuration } = facts.vswitch;
  const bridges = isSeen(configuration) ? configuration.value.bridges : [];
  if (bridges.length > 0) return new Set(bridges.map(({ datapath }) => hookOf(datapath, facts)));
  return new Set(Object.values(facts.hooks));
}
