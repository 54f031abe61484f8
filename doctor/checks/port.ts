import { type Check, checkOf, failed, passed, type Problem } from '../model/check.ts';
import type { DeviceFacts, HookName, HostFacts, PortFacts } from '../model/facts.ts';
import { isSeen } from '../model/seen.ts';
import { hookOf, programAt } from './hooks.ts';
import { notSeen, RUN_AS_ROOT } from './not-seen.ts';
import { describeDevice } from './device-words.ts';
import { xdpProblems } from './xdp.ts';

/** Checks whether flows of a port can be offloaded. */
export function portCheck(port: PortFacts, facts: HostFacts): Check {
  const { name, kind } = port.port;
  const title = `port ${name}`;
  if (port.excluded !== undefined) {
    const isMissing = port.port.ifindex === 0 && (kind === 'vm' || kind === 'uplink');
    if (!isMissing) return passed(title, `${kind}; not offloaded: ${port.excluded}`);
    const remedy =
      'connect it by a kernel device, such as a tap, a veth or the NIC with its own driver; ' +
      'DPDK and vhost-user ports stay on the vSwitch';
    return failed(title, `${kind}; ${port.excluded}`, remedy);
  }
  const { device } = port;
  if (device === undefined) return passed(title, `${kind}; it has no kernel device`);
  if (!isSeen(device))
    return notSeen(title, device, 'see that its device exists in this network namespace');
  const hook = hookOf(port.port.datapath, facts);
  const problems = [
    ...deviceProblems(name, device.value, hook),
    ...(hook === 'flower' ? hardwareProblems(name, device.value, facts) : []),
    ...(hook === 'xdp' ? xdpProblems(name, device.value, facts) : []),
    ...otherProblems(port, hook),
    ...rateProblems(port),
  ];
  const words = `${kind}, ${describeDevice(device.value, hook)}`;
  return checkOf(title, words, problems.length > 0 ? problems : daemonProblems(name, facts));
}

function deviceProblems(name: string, device: DeviceFacts, hook: HookName): readonly Problem[] {
  const problems: Problem[] = [];
  if (!device.isUp) problems.push({ found: 'it is down', remedy: `ip link set ${name} up` });
  if (hook !== 'xdp' && !device.isEthernet) {
    problems.push({ found: 'it is not an Ethernet device', remedy: 'use an Ethernet device' });
  }
  return problems;
}

/** What keeps rules of tc flower out of a NIC. */
function hardwareProblems(
  name: string,
  { features }: DeviceFacts,
  { settings }: HostFacts,
): readonly Problem[] {
  if (settings.rulesIn === 'software' || features?.has('hw-tc-offload') !== false) return [];
  const remedy =
    `ethtool -K ${name} hw-tc-offload on; if the NIC refuses it, it has no rules of tc: set ` +
    'backend.rulesIn to "software"';
  return [{ found: 'its device does not take rules of tc (hw-tc-offload is off)', remedy }];
}

function otherProblems(port: PortFacts, hook: HookName): readonly Problem[] {
  const others = port.others[programAt(hook)];
  if (!isSeen(others)) {
    const found = `other users of its hooks cannot be seen: ${others.unseen}`;
    return [{ found, remedy: others.isDenied ? RUN_AS_ROOT : 'run it again' }];
  }
  if (others.value === undefined) return [];
  const remedy =
    'remove it if it is not needed: as long as it is there, the port stays on the vSwitch';
  return [{ found: others.value, remedy }];
}

/** Limits of rates that an entry would bypass. */
function rateProblems({ port: { name, shaped, policed } }: PortFacts): readonly Problem[] {
  const problems: Problem[] = [];
  if (shaped) {
    problems.push({
      found: 'it has QoS, so flows that leave by it stay on the vSwitch',
      remedy: `ovs-vsctl clear port ${name} qos, if it is not needed`,
    });
  }
  if (policed) {
    problems.push({
      found: 'it has ingress policing, so flows that enter by it stay on the vSwitch',
      remedy: `ovs-vsctl set interface ${name} ingress_policing_rate=0, if it is not needed`,
    });
  }
  return problems;
}

/** What only the running daemon found out, such as a refused attachment. */
function daemonProblems(name: string, { daemon }: HostFacts): readonly Problem[] {
  const why = isSeen(daemon) ? daemon.value?.unserved.get(name) : undefined;
  if (why === undefined) return [];
  return [{ found: `the daemon does not serve it: ${why}`, remedy: 'see docs/operations.md' }];
}
