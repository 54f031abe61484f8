import { errorMessage } from '../../../text/error-message.ts';
import {
  type DeviceChain,
  deviceChains,
  GROUP_NFTABLES,
} from '../../../protocols/netlink/nftables.ts';
import { NetlinkNotifications } from '../../../protocols/netlink/notifications.ts';
import { NetlinkRequests } from '../../../protocols/netlink/requests.ts';
import { PROTOCOL } from '../../../protocols/netlink/socket.ts';
import {
  filters,
  GROUP_TRAFFIC_CONTROL,
  PARENT,
  qdiscs,
  type TrafficControl,
} from '../../../protocols/netlink/tc/traffic-control.ts';
import { NetworkLockBusy } from '../core/errors.ts';
import type { HookedDevice, OtherHooks } from '../core/hook.ts';
import type { NetworkLock } from '../core/network-lock.ts';
import { XdpDevices } from './xdp-devices.ts';

/** Period of the check for tcx programs, which are attached without a notification, ms. */
const TCX_PERIOD_MS = 1000;

/** Filters are attached to these qdiscs. */
const FILTER_QDISCS = new Set(['clsact', 'ingress']);

const FILTER_PARENTS: readonly (readonly [direction: string, parent: number])[] = [
  ['ingress', PARENT.clsactIngress],
  ['egress', PARENT.clsactEgress],
];

/**
 * Other hooks on the packets of a device: tc and tcx filters, nftables chains and flowtables, a
 * configured qdisc. An XDP redirect bypasses them all, so a device that has any is not served.
 */
export class XdpOtherHooks implements OtherHooks {
  readonly #lock: NetworkLock;
  readonly #devices: XdpDevices;
  readonly #route = new NetlinkRequests(PROTOCOL.route);
  readonly #netfilter = new NetlinkRequests(PROTOCOL.netfilter);
  #byIfindex: ReadonlyMap<number, string> = new Map();
  #chains: readonly DeviceChain[] = [];
  #tcx: ReadonlySet<number> = new Set();
  /** Why the state is unknown; no device is served then. */
  #failure: string | undefined;
  #notifications: NetlinkNotifications | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isPolling = false;

  constructor(lock: NetworkLock) {
    this.#lock = lock;
    this.#devices = new XdpDevices(lock);
  }

  /**
   * Reads the state of all devices. After a failure no device is served until the next success.
   *
   * @param devices to check for tcx programs
   * @throws {NetworkLockBusy} other failures are in {@link on}
   */
  async refresh(devices: Iterable<HookedDevice>): Promise<void> {
    try {
      await this.#lock.run('reading filters and qdiscs', () => this.#read());
      this.#tcx = await this.#devices.withTcx(Array.from(devices, ({ ifindex }) => ifindex));
      this.#failure = undefined;
    } catch (error) {
      this.#failure = `the filters and qdiscs of its device cannot be read: ${errorMessage(error)}`;
      if (error instanceof NetworkLockBusy) throw error;
    }
  }

  /** The hook that an XDP redirect would bypass on the device, as of the last {@link refresh}. */
  on({ name, ifindex }: HookedDevice): string | undefined {
    if (this.#failure !== undefined) return this.#failure;
    const chain = this.#chains.find(({ devices }) => devices.some((d) => isNamed(name, d)));
    const what =
      this.#byIfindex.get(ifindex) ??
      (chain === undefined
        ? undefined
        : `the nftables ${chain.kind} ${chain.name} of table ${chain.table}`) ??
      (this.#tcx.has(ifindex) ? 'a tcx program' : undefined);
    return what === undefined ? undefined : `its device has ${what}, which XDP would bypass`;
  }

  /**
   * Calls `onChange` after a hook was added or removed: within some ms, for tcx programs within a
   * second. The time for which another program holds the network lock comes on top for tcx, but no
   * program is attached while it is held.
   *
   * @param devices the served devices, for tcx
   */
  watch(devices: () => readonly HookedDevice[], onChange: () => void): void {
    const groups = new Map([
      [PROTOCOL.route, [GROUP_TRAFFIC_CONTROL]],
      [PROTOCOL.netfilter, [GROUP_NFTABLES]],
    ]);
    this.#notifications = new NetlinkNotifications(groups, onChange);
    this.#timer = setInterval(() => void this.#pollTcx(devices(), onChange), TCX_PERIOD_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#notifications?.close();
    this.#route.close();
    this.#netfilter.close();
  }

  async #read(): Promise<void> {
    const found = new Map<number, string>();
    for (const qdisc of await qdiscs(this.#route)) {
      const hook = await this.#hookOf(qdisc);
      if (hook !== undefined) found.set(qdisc.ifindex, hook);
    }
    const chains = await deviceChains(this.#netfilter);
    this.#byIfindex = found;
    this.#chains = chains;
  }

  async #pollTcx(devices: readonly HookedDevice[], onChange: () => void): Promise<void> {
    if (this.#isPolling) return;
    this.#isPolling = true;
    try {
      const found = await this.#devices.withTcx(devices.map(({ ifindex }) => ifindex));
      if (found.size > 0 && this.#timer !== undefined) onChange();
    } catch (error) {
      // The next poll finds what is attached when the lock is free.
      if (!(error instanceof NetworkLockBusy)) throw error;
    } finally {
      this.#isPolling = false;
    }
  }

  async #hookOf({ ifindex, handle, parent, kind }: TrafficControl): Promise<string | undefined> {
    if (FILTER_QDISCS.has(kind)) {
      for (const [direction, hook] of FILTER_PARENTS) {
        const there = await filters(this.#route, ifindex, hook);
        if (there.length > 0) return `a tc ${direction} filter`;
      }
      return undefined;
    }
    // The kernel's default qdiscs have the handle 0.
    return parent === PARENT.root && handle !== 0 ? `a ${kind} qdisc` : undefined;
  }
}

/** A pattern that ends with `*` matches every name with that prefix. */
function isNamed(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
