import type { DeviceFacts, HookName } from '../model/facts.ts';

/** Features that are shown, and the names of what they are made of in the kernel. */
const FEATURES = [
  ['GRO', ['rx-gro']],
  ['TSO', ['tx-tcp-segmentation']],
  ['checksums', ['tx-checksum-ip-generic', 'tx-checksum-ipv4', 'tx-checksum-ipv6']],
  ['hw-tc-offload', ['hw-tc-offload']],
] as const;

/** A device in one line: `veth, up, MTU 1500, GRO on, TSO off, checksums on; XDP native`. */
export function describeDevice(device: DeviceFacts, hook: HookName): string {
  const { driver, mtu, isUp, features, eswitch } = device;
  const shown = FEATURES.map(([title, names]) => {
    const isOn = features === undefined ? undefined : names.some((name) => features.has(name));
    return `${title} ${isOn === undefined ? 'unknown' : isOn ? 'on' : 'off'}`;
  });
  const words = [driver ?? 'unknown driver', isUp ? 'up' : 'down', `MTU ${mtu}`, ...shown];
  if (eswitch !== undefined) words.push(`embedded switch ${eswitch}`);
  return `${words.join(', ')}; ${hook === 'xdp' ? xdpWords(device) : hook}`;
}

function xdpWords({ xdp }: DeviceFacts): string {
  if (xdp === undefined) return 'XDP not reported by this kernel';
  return xdp.isNative ? 'XDP native' : 'XDP generic';
}
