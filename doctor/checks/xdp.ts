import type { Problem } from '../model/check.ts';
import type { DeviceFacts, HostFacts } from '../model/facts.ts';
import { isAtLeast } from './release.ts';

/** Largest MTU of a veth whose other end has an XDP program, bytes (drivers/net/veth.c). */
const MAX_VETH_MTU = 3_506;

/** What keeps XDP from a device, and flows from leaving by it. */
export function xdpProblems(
  name: string,
  device: DeviceFacts,
  { settings: { mode }, system: { release } }: HostFacts,
): readonly Problem[] {
  const { driver, xdp, mtu } = device;
  const problems: Problem[] = [];
  const isVeth = driver === 'veth';
  if (isVeth && mode !== 'generic' && !(xdp?.readsVlanTag ?? isAtLeast(release, 6, 8))) {
    problems.push({
      found: 'XDP on a veth needs Linux 6.8, because the other end can hide VLAN tags',
      remedy: 'boot Linux 6.8 or later; on the kernel datapath, tcx needs 6.6',
    });
  }
  if (isVeth && mtu > MAX_VETH_MTU) {
    problems.push({
      found: 'its MTU is too large for XDP if the other end has it too',
      remedy: `set the MTU of both ends to at most ${MAX_VETH_MTU}`,
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
