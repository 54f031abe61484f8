import { DevicePrograms } from '../../../../../adapters/nic/core/device-programs.ts';
import { NetworkLock } from '../../../../../adapters/nic/core/network-lock.ts';
import { NetlinkRequests } from '../../../../../protocols/netlink/requests.ts';
import { PROTOCOL } from '../../../../../protocols/netlink/socket.ts';
import { filters, PARENT } from '../../../../../protocols/netlink/tc/traffic-control.ts';

/** Ids of the programs at the ingress of a device, as tcx and as filters. */
export async function programsAt(ifindex: number): Promise<readonly number[]> {
  const route = new NetlinkRequests(PROTOCOL.route);
  try {
    const tcx = await new DevicePrograms(new NetworkLock()).tcx([ifindex], ['ingress']);
    const found = await filters(route, ifindex, PARENT.clsactIngress);
    const inFilters = found.flatMap(({ programId }) => programId ?? []);
    return [...(tcx.get(ifindex) ?? []), ...inFilters];
  } finally {
    route.close();
  }
}
