import { XdpFeatures } from '../../../protocols/netlink/netdev.ts';
import { NetlinkNotifications } from '../../../protocols/netlink/notifications.ts';
import { NetlinkRequests } from '../../../protocols/netlink/requests.ts';
import { PROTOCOL } from '../../../protocols/netlink/socket.ts';

/**
 * Devices that can send frames redirected to them. Others drop such frames: a veth whose peer has
 * neither GRO nor an XDP program (`drivers/net/veth.c`, veth_xdp_xmit). Before Linux 6.3 the kernel
 * does not report this; then the guard program detects the first refused redirect, which costs a
 * packet.
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

  /** Whether the device sends redirected frames, as of the last {@link refresh}. */
  has(ifindex: number): boolean {
    return this.#features === undefined || this.#targets.has(ifindex);
  }

  /**
   * Whether the device stopped sending redirected frames between the last two {@link refresh}
   * calls.
   */
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
