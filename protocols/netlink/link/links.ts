import { NetlinkMalformed } from '../errors.ts';
import type { NetlinkRequests } from '../requests.ts';
import { encodeStruct, StructReader } from '../structs.ts';
import { AttributeReader } from '../tables.ts';
import { IFINFOMSG, LINK, LINK_INFO, LINK_STATS } from './tables.ts';

const RTM_GETLINK = 18;
const RTM_SETLINK = 19;

/** `RTNLGRP_LINK`: devices that are made, changed or deleted. */
export const GROUP_LINK = 1;

/** `IFF_UP`. */
const UP = 1;

/** A network device. */
export interface Link {
  readonly ifindex: number;
  readonly name: string;
  /** Of a physical or virtual Ethernet device, as text; empty without one. */
  readonly mac: string;
  readonly mtu: number;
  readonly isUp: boolean;
  /** `veth`, `vxlan`; undefined for a physical device. */
  readonly kind: string | undefined;
  /** `openvswitch` for a port of a kernel datapath. */
  readonly portKind: string | undefined;
  /** ifindex of the bridge or bond that it belongs to. */
  readonly master: number | undefined;
  /** ifindex of the peer or of the device below, possibly in another namespace. */
  readonly link: number | undefined;
  /** Identifies the embedded switch that it is a port of (switchdev), in hexadecimal. */
  readonly switchId: string | undefined;
  readonly switchPort: string | undefined;
  readonly rxPackets: bigint;
  readonly rxBytes: bigint;
  readonly txPackets: bigint;
  readonly txBytes: bigint;
}

/**
 * All network devices of the namespace.
 *
 * @throws {NetlinkRefused} {@link NetlinkUnusable} {@link DumpInterrupted} {@link NetlinkTimeout}
 */
export async function links(requests: NetlinkRequests): Promise<Link[]> {
  const payload = encodeStruct(IFINFOMSG.bytes, []);
  const messages = await requests.dump('RTM_GETLINK', RTM_GETLINK, payload);
  return messages.map((message) => linkOf(message.payload));
}

/**
 * Makes the kernel notify of a device that is up, without changing it: sets its group to what it is.
 *
 * @throws {NetlinkRefused} `ENODEV` when the device is gone; {@link NetlinkUnusable} {@link NetlinkTimeout}
 */
export async function announceLink(requests: NetlinkRequests, ifindex: number): Promise<void> {
  const header = encodeStruct(IFINFOMSG.bytes, [IFINFOMSG.index.of(ifindex)]);
  const [answer] = await requests.request({
    name: 'RTM_GETLINK',
    type: RTM_GETLINK,
    payload: header,
  });
  const attributes = new AttributeReader(answer.payload.subarray(IFINFOMSG.bytes));
  const group = attributes.get(LINK.group) ?? 0;
  const payload = Buffer.concat([header, LINK.group.of(group)]);
  await requests.request({ name: 'RTM_SETLINK', type: RTM_SETLINK, payload });
}

/**
 * The device in a message.
 *
 * @throws {NetlinkMalformed}
 */
export function linkOf(payload: Buffer): Link {
  const header = new StructReader('ifinfomsg', payload);
  const ifindex = header.get(IFINFOMSG.index);
  const flags = header.get(IFINFOMSG.flags);
  if (payload.length < IFINFOMSG.bytes) throw new NetlinkMalformed(0, 'struct ifinfomsg');
  const attributes = new AttributeReader(payload.subarray(IFINFOMSG.bytes));
  const info = attributes.get(LINK.info);
  const stats = attributes.get(LINK.stats);
  return {
    ifindex,
    name: attributes.get(LINK.name) ?? '',
    mac: macText(attributes.get(LINK.address)),
    mtu: attributes.get(LINK.mtu) ?? 0,
    isUp: (flags & UP) !== 0,
    kind: info?.get(LINK_INFO.kind),
    portKind: info?.get(LINK_INFO.slaveKind),
    master: attributes.get(LINK.master),
    link: attributes.get(LINK.link),
    switchId: attributes.get(LINK.physicalSwitchId)?.toString('hex'),
    switchPort: attributes.get(LINK.physicalPortName),
    rxPackets: stats?.get(LINK_STATS.rxPackets) ?? 0n,
    rxBytes: stats?.get(LINK_STATS.rxBytes) ?? 0n,
    txPackets: stats?.get(LINK_STATS.txPackets) ?? 0n,
    txBytes: stats?.get(LINK_STATS.txBytes) ?? 0n,
  };
}

function macText(address: Buffer | undefined): string {
  return address?.length === 6 ? address.toString('hex').replace(/..(?!$)/g, '$&:') : '';
}
