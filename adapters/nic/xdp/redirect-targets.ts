import { XdpFeatures } from '../../../protocols/netlink/netdev.ts';
import { NetlinkNotifications } from '../../../protocols/netlink/notifications.ts';
import { NetlinkRequests } from '../../../protocols/netlink/requests.ts';
import { PROTOCOL } from '../../../protocols/netlink/socket.ts';

/**
 * Which devices can send frames that another device redirects to them. One that cannot drops them:
 * a veth whose peer has neither GRO nor an XDP program (`drivers/net/veth.c`, veth_xdp_xmit). Before
 * Linux 6.3 the kernel does not tell; then a refused redirect costs a packet and is noticed by the
 * guard program.
 */
export class RedirectTargets {
  readonly #requests = new NetlinkRequests(PROTOCOL.generic);
  readonly #features = XdpFeatures.of(this.#requests);
  #targets: ReadonlySet<number> = new Set();
  #former: ReadonlySet<number> = new Set();
  #notifications: NetlinkNotifications | undefined;

  /** Reads the state of all devices. Does not block: some system calls. */
  refresh(): void {
    if (this.#features === undefined) return;
    this.#former = this.#targets;
    this.#targets = this.#features.redirectTargets(this.#requests);
  }

  /** Whether redirected frames get through, at the last {@link refresh}. */
  has(ifindex: number): boolean {
    return this.#features === undefined || this.#targets.has(ifindex);
  }

  /** Whether they no longer do, since the {@link refresh} before. */
  lost(ifindex: number): boolean {
    return this.#former.has(ifindex) && !this.has(ifindex);
  }

  /** Calls `onChange` within some ms of a change. */
  watch(onChange: () => void): void {
    const group = this.#features?.group;
    if (group === undefined) return;
    this.#notifications = new NetlinkNotifications(
      new Map([[PROTOCOL.generic, [group]]]),
      onChange,
    );
  }

  close(): void {
    this.#notifications?.close();
    this.#requests.close();
  }
}
