import { readdirSync } from 'node:fs';
import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import { tunnelKindOf } from '../../../engine/model/tunnel-port.ts';
import type { TunnelKind } from '../../../engine/model/tunnel.ts';
import { ifindexOf } from '../core/device.ts';

/** A device that takes packets out of tunnels, and keeps the outer headers as metadata. */
export interface TunnelDevice {
  /** Its name, which is also that of the datapath's port. */
  readonly name: string;
  readonly ifindex: number;
  /** Of one of the vSwitch's ports that share it. */
  readonly uuid: string;
  readonly kind: TunnelKind;
  /** Outer UDP port. */
  readonly dstPort: number;
}

/**
 * The tunnel devices of the kernel's datapath. The vSwitch has a port for each tunnel (`ovn-1a2b3c-0`), and
 * those of one kind share a device, whose ifindex each of them has.
 */
export function tunnelDevicesOf(
  snapshot: PortSnapshot,
  sysClassNet = '/sys/class/net',
): readonly TunnelDevice[] {
  const uuids = new Map<number, string>();
  for (const port of snapshot.values()) {
    const uuid = uuids.get(port.ifindex);
    if (isTunnelPort(port) && (uuid === undefined || port.uuid < uuid))
      uuids.set(port.ifindex, port.uuid);
  }
  if (uuids.size === 0) return [];
  return readdirSync(sysClassNet).flatMap((name): TunnelDevice[] => {
    const kind = tunnelKindOf(name);
    const ifindex = kind === undefined ? undefined : ifindexOf(name, sysClassNet);
    const uuid = ifindex === undefined ? undefined : uuids.get(ifindex);
    if (kind === undefined || ifindex === undefined || uuid === undefined) return [];
    // The names end in the UDP port.
    const dstPort = Number(name.slice(name.lastIndexOf('_') + 1));
    return [{ name, ifindex, uuid, kind, dstPort }];
  });
}

/** True for a port without a device of its own; it may share one. */
export function isTunnelPort({ name, kind, ifindex, datapath }: PortInfo): boolean {
  return kind === 'other' && datapath === 'kernel' && ifindex !== 0 && ifindexOf(name) !== ifindex;
}
