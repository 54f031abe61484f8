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
} from '../../../protocols/netlink/traffic-control.ts';
import type { Libbpf } from './libbpf.ts';

/** `BPF_TCX_INGRESS` and `BPF_TCX_EGRESS` of `enum bpf_attach_type`. */
const TCX = [46, 47];

/** Period of the check for tcx programs, which are attached without a notification, ms. */
const TCX_PERIOD_MS = 1000;

/** Filters are attached to these qdiscs. */
const FILTER_QDISCS = new Set(['clsact', 'ingress']);

const FILTER_PARENTS: readonly (readonly [direction: string, parent: number])[] = [
  ['ingress', PARENT.clsactIngress],
  ['egress', PARENT.clsactEgress],
];

/** A device to check. */
export interface HookedDevice {
  readonly name: string;
  readonly ifindex: number;
}

/**
 * Other hooks on the packets of a device: tc and tcx filters, nftables chains and flowtables, a
 * configured qdisc. An XDP redirect bypasses them all, so a device that has any is not served.
 */
export class OtherHooks {
  readonly #libbpf: Libbpf;
  readonly #route = new NetlinkRequests(PROTOCOL.route);
  readonly #netfilter = new NetlinkRequests(PROTOCOL.netfilter);
  #byIfindex: ReadonlyMap<number, string> = new Map();
  #chains: readonly DeviceChain[] = [];
  /** Why the state is unknown; no device is served then. */
  #failure: string | undefined;
  #notifications: NetlinkNotifications | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(libbpf: Libbpf) {
    this.#libbpf = libbpf;
  }

  /** Reads the state of all devices. Does not block: some system calls. */
  refresh(): void {
    try {
      this.#byIfindex = new Map(qdiscs(this.#route).flatMap((qdisc) => this.#hooksOf(qdisc)));
      this.#chains = deviceChains(this.#netfilter);
      this.#failure = undefined;
    } catch (error) {
      this.#failure = `the filters and qdiscs of its device cannot be read: ${errorMessage(error)}`;
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
      (this.#hasTcx(ifindex) ? 'a tcx program' : undefined);
    return what === undefined ? undefined : `its device has ${what}, which XDP would bypass`;
  }

  /**
   * Calls `onChange` after a hook was added or removed: within some ms, for tcx programs within a
   * second.
   *
   * @param devices the served devices, for tcx
   */
  watch(devices: () => readonly HookedDevice[], onChange: () => void): void {
    const groups = new Map([
      [PROTOCOL.route, [GROUP_TRAFFIC_CONTROL]],
      [PROTOCOL.netfilter, [GROUP_NFTABLES]],
    ]);
    this.#notifications = new NetlinkNotifications(groups, onChange);
    this.#timer = setInterval(() => {
      if (devices().some(({ ifindex }) => this.#hasTcx(ifindex))) onChange();
    }, TCX_PERIOD_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#notifications?.close();
    this.#route.close();
    this.#netfilter.close();
  }

  #hooksOf({ ifindex, handle, parent, kind }: TrafficControl): [number, string][] {
    if (FILTER_QDISCS.has(kind)) {
      const found = FILTER_PARENTS.find(
        ([, hook]) => filters(this.#route, ifindex, hook).length > 0,
      );
      return found === undefined ? [] : [[ifindex, `a tc ${found[0]} filter`]];
    }
    // The kernel's default qdiscs have the handle 0.
    return parent === PARENT.root && handle !== 0 ? [[ifindex, `a ${kind} qdisc`]] : [];
  }

  #hasTcx(ifindex: number): boolean {
    return TCX.some((type) => this.#libbpf.countPrograms(ifindex, type) > 0);
  }
}

/** A pattern that ends with `*` matches every name with that prefix. */
function isNamed(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
