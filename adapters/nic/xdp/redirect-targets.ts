import { type DeviceXdp, XdpFeatures } from '../../../protocols/netlink/netdev.ts';
import { NetlinkNotifications } from '../../../protocols/netlink/notifications.ts';
import { NetlinkRequests } from '../../../protocols/netlink/requests.ts';
import { PROTOCOL } from '../../../protocols/netlink/socket.ts';
import type { NetworkLock } from '../core/network-lock.ts';

/**
 * Devices that can send frames redirected to them. Others drop such frames: a veth whose peer has
 * neither GRO nor an XDP program (`drivers/net/veth.c`, veth_xdp_xmit). Before Linux 6.3 the kernel
 * does not report this; then the guard program detects the first refused redirect, which costs a
 * packet.
 */
export class RedirectTargets {
  readonly #requests: NetlinkRequests;
  readonly #features: XdpFeatures | undefined;
  readonly #lock: NetworkLock;
  #targets: ReadonlyMap<number, DeviceXdp> = new Map();
  #former: ReadonlyMap<number, DeviceXdp> = new Map();
  #notifications: NetlinkNotifications | undefined;

  private constructor(
    requests: NetlinkRequests,
    features: XdpFeatures | undefined,
    lock: NetworkLock,
  ) {
    this.#requests = requests;
    this.#features = features;
    this.#lock = lock;
  }

  /** Finds out whether the kernel reports them. @throws {NetworkLockBusy} */
  static async open(lock: NetworkLock): Promise<RedirectTargets> {
    const requests = new NetlinkRequests(PROTOCOL.generic);
    try {
      const features = await lock.run('finding netdev', () => XdpFeatures.of(requests));
      return new RedirectTargets(requests, features, lock);
    } catch (error) {
      requests.close();
      throw error;
    }
  }

  /**
   * Reads the state of all devices. After a failure nothing is redirected until the next success.
   *
   * @throws {NetworkLockBusy}
   */
  async refresh(): Promise<void> {
    const features = this.#features;
    if (features === undefined) return;
    const former = this.#targets;
    try {
      this.#targets = await this.#lock.run('reading redirect targets', () =>
        features.redirectTargets(this.#requests),
      );
    } catch (error) {
      this.#targets = new Map();
      throw error;
    } finally {
      this.#former = former;
    }
  }

  /** Whether the device sends redirected frames, as of the last {@link refresh}. */
  has(ifindex: number): boolean {
    return this.#features === undefined || this.#targets.has(ifindex);
  }

  /**
   * Whether the device sends redirected frames of several buffers. False where the kernel does not report
   * it: such a frame would be dropped.
   */
  takesJumbo(ifindex: number): boolean {
    return this.#targets.get(ifindex)?.takesJumbo ?? false;
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
