import type { Check } from '../model/check.ts';
import type { HostFacts } from '../model/facts.ts';
import { isSeen } from '../model/seen.ts';
import { bpfChecks } from './bpf.ts';
import { portCheck } from './port.ts';
import { systemChecks } from './system.ts';
import { notSeen } from './not-seen.ts';
import { vswitchChecks } from './vswitch.ts';

/** All checks of a host, in the order in which they are read. */
export function checksOf(facts: HostFacts): readonly Check[] {
  return [
    ...systemChecks(facts),
    ...bpfChecks(facts),
    ...vswitchChecks(facts),
    ...portChecks(facts),
  ];
}

function portChecks(facts: HostFacts): readonly Check[] {
  const { ports, vswitch } = facts;
  // Without OVSDB no port is known, which its own check says.
  if (!isSeen(vswitch.configuration)) return [];
  if (!isSeen(ports)) return [notSeen('ports', ports, 'run it again')];
  return ports.value.map((port) => portCheck(port, facts));
}
