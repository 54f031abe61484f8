import { inNetworkNamespace } from '../../../../../../lab/testbed/network-namespace.ts';
import { links } from '../../../../../../protocols/netlink/link/links.ts';
import { NetlinkRequests } from '../../../../../../protocols/netlink/requests.ts';
import { NetlinkSocket, PROTOCOL } from '../../../../../../protocols/netlink/socket.ts';

/** Reads what devices of a network namespace have received, without a process for each reading. */
export class LinkCounters {
  readonly #requests: NetlinkRequests;

  /** @param namespace as `ip netns` names it; left out: the test's own */
  constructor(namespace?: string) {
    this.#requests = new NetlinkRequests(PROTOCOL.route, {
      timeoutMs: 10_000,
      open: (protocol) =>
        namespace === undefined
          ? new NetlinkSocket(protocol)
          : inNetworkNamespace(namespace, () => new NetlinkSocket(protocol)),
    });
  }

  /** Packets that a device has received; 0 while there is no such device. */
  async received(device: string): Promise<number> {
    const found = (await links(this.#requests)).find(({ name }) => name === device);
    return Number(found?.rxPackets ?? 0n);
  }

  close(): void {
    this.#requests.close();
  }
}
