import type { Problem } from '../model/check.ts';
import type { DeviceFacts, HostFacts } from '../model/facts.ts';
import { isAtLeast } from './release.ts';

/** What keeps XDP from a device, and flows from leaving by it. */
export function xdpProblems(
  name: string,
  device: DeviceFacts,
  { settings: { mode }, system: { release } }: HostFacts,
): readonly Problem[] {
  const { driver, xdp } = device;
  const problems: Problem[] = [];
  const isVeth = driver === 'veth';
  if (isVeth && mode !== 'generic' && !(xdp?.readsVlanTag ?? isAtLeast(release, 6, 8))) {
    problems.push({
      found: 'XDP on a veth needs Linux 6.8, because the other end can hide VLAN tags',
      remedy: 'boot Linux 6.8 or later; on the kernel datapath, set backend.adapter to "auto"',
    });
  }
  if (xdp?.isNative === false && mode === 'native') {
    problems.push({
      found: 'its driver does not run XDP programs, and backend.mode is "native"',
      remedy: 'set backend.mode to "auto"',
    });
  }
  if (xdp?.isNative === true && mode !== 'generic' && !xdp.isRedirectTarget) {
    problems.push({
      found: 'it does not accept redirected frames, so no flow can leave by it',
      remedy: isVeth
        ? `ethtool -K DEVICE gro on, at the other end of ${name}, in the VM's namespace`
        : `use a device whose driver (${driver ?? 'unknown'}) sends redirected frames`,
    });
  }
  return problems;
}
