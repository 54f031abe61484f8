import { errorMessage } from '../../../text/error-message.ts';
import { NetlinkMalformed } from '../../../protocols/netlink/errors.ts';
import {
  type DeviceChain,
  deviceChains,
  GROUP_NFTABLES,
} from '../../../protocols/netlink/nftables.ts';
import type { NetlinkMessage } from '../../../protocols/netlink/message.ts';
import { type IsRelevant, NetlinkNotifications } from '../../../protocols/netlink/notifications.ts';
import { NetlinkRequests } from '../../../protocols/netlink/requests.ts';
import { PROTOCOL } from '../../../protocols/netlink/socket.ts';
import {
  addedFilter,
  addedQdisc,
  type AttachedFilter,
  deletedFilter,
  filters,
  GROUP_TRAFFIC_CONTROL,
  isNewChain,
  PARENT,
  qdiscs,
  type TrafficControl,
} from '../../../protocols/netlink/tc/traffic-control.ts';
import { NetworkLockBusy } from './errors.ts';
import type { HookedDevice, OtherHooks } from './hook.ts';
import type { NetworkLock } from './network-lock.ts';

/** Period of the check for programs, which are attached without a notification, ms. */
const PROGRAMS_PERIOD_MS = 1000;

/** Filters are attached to these qdiscs. */
const FILTER_QDISCS = new Set(['clsact', 'ingress']);

type Direction = 'ingress' | 'egress';

const FILTER_PARENT: Readonly<Record<Direction, number>> = {
  ingress: PARENT.clsactIngress,
  egress: PARENT.clsactEgress,
};

/** Which other hooks keep a device from being served. */
export interface HookRules {
  /** What would bypass them, for texts. */
  readonly by: string;
  /** Whether a program belongs to the daemon, whose own filters do not count. */
  isOwn(programId: number): boolean;
  /** Whether a filter is the daemon's by its kind and place; left out: only by its program. */
  isOwnRule?(filter: AttachedFilter): boolean;
  /** Where tc filters count. */
  readonly filters: readonly Direction[];
  /** Where nftables chains and flowtables count. */
  readonly chains: readonly Direction[];
  /** Whether a configured qdisc counts. */
  readonly qdiscs: boolean;
  /**
   * Why devices must not be served because of programs on them, by ifindex.
   *
   * @throws {NetworkLockBusy}
   */
  programs(ifindexes: readonly number[]): Promise<ReadonlyMap<number, string>>;
}

/**
 * Other hooks on the packets of a device: tc filters, BPF programs, nftables chains and flowtables, a
 * configured qdisc. A redirect bypasses some of them, and a device that has one of those is not
 * served.
 */
export class DeviceHooks implements OtherHooks {
  readonly #lock: NetworkLock;
  readonly #rules: HookRules;
  readonly #route = new NetlinkRequests(PROTOCOL.route);
  readonly #netfilter = new NetlinkRequests(PROTOCOL.netfilter);
  #byIfindex: ReadonlyMap<number, string> = new Map();
  #chains: readonly DeviceChain[] = [];
  #programs: ReadonlyMap<number, string> = new Map();
  /** Why the state is unknown; no device is served then. */
  #failure: string | undefined;
  #notifications: NetlinkNotifications | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isPolling = false;

  constructor(lock: NetworkLock, rules: HookRules) {
    this.#lock = lock;
    this.#rules = rules;
  }

  /**
   * Reads the state of all devices. After a failure no device is served until the next success.
   *
   * @param devices to check for programs
   * @throws {NetworkLockBusy} other failures are in {@link on}
   */
  async refresh(devices: Iterable<HookedDevice>): Promise<void> {
    try {
      await this.#lock.run('reading filters and qdiscs', () => this.#read());
      const ifindexes = Array.from(devices, ({ ifindex }) => ifindex);
      this.#programs = await this.#rules.programs(ifindexes);
      this.#failure = undefined;
    } catch (error) {
      this.#failure = `the filters and qdiscs of its device cannot be read: ${errorMessage(error)}`;
      if (error instanceof NetworkLockBusy) throw error;
    }
  }

  /** Why the device must not be served, as of the last {@link refresh}. */
  on({ name, ifindex }: HookedDevice): string | undefined {
    if (this.#failure !== undefined) return this.#failure;
    const chain = this.#chains.find(({ devices }) => devices.some((d) => isNamed(name, d)));
    const what =
      this.#byIfindex.get(ifindex) ??
      (chain === undefined
        ? undefined
        : `the nftables ${chain.kind} ${chain.name} of table ${chain.table}`);
    if (what === undefined) return this.#programs.get(ifindex);
    return `its device has ${what}, which ${this.#rules.by} would bypass`;
  }

  /**
   * Calls `onChange` after a hook was added or removed: within some ms, for programs within a
   * second. The time for which another process holds the network lock comes on top for programs, but
   * none is attached while it is held.
   *
   * @param devices the served devices, for programs
   */
  watch(devices: () => readonly HookedDevice[], onChange: () => void): void {
    const groups = new Map([
      [PROTOCOL.route, [GROUP_TRAFFIC_CONTROL]],
      [PROTOCOL.netfilter, [GROUP_NFTABLES]],
    ]);
    const isRelevant: IsRelevant = (protocol, message) =>
      protocol !== PROTOCOL.route || !this.#isHarmless(message);
    this.#notifications = new NetlinkNotifications(groups, onChange, isRelevant);
    this.#timer = setInterval(
      () => void this.#pollPrograms(devices(), onChange),
      PROGRAMS_PERIOD_MS,
    );
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
    this.#chains = chains.filter(({ direction }) => this.#rules.chains.includes(direction));
  }

  async #pollPrograms(devices: readonly HookedDevice[], onChange: () => void): Promise<void> {
    if (this.#isPolling) return;
    this.#isPolling = true;
    try {
      const found = await this.#rules.programs(devices.map(({ ifindex }) => ifindex));
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
      for (const direction of this.#rules.filters) {
        const there = await filters(this.#route, ifindex, FILTER_PARENT[direction]);
        if (this.#hasForeign(there)) return `a tc ${direction} filter`;
      }
      return undefined;
    }
    // The kernel's default qdiscs have the handle 0.
    const isConfigured = parent === PARENT.root && handle !== 0;
    return this.#rules.qdiscs && isConfigured ? `a ${kind} qdisc` : undefined;
  }

  /** Whether a notification is about our own filter, or what filters need and has none of them yet. */
  #isHarmless(message: NetlinkMessage): boolean {
    try {
      const filter = addedFilter(message) ?? deletedFilter(message);
      if (filter !== undefined && this.#rules.isOwnRule?.(filter) === true) return true;
      const programId = addedFilter(message)?.programId;
      if (programId !== undefined) return this.#rules.isOwn(programId);
      return isNewChain(message) || FILTER_QDISCS.has(addedQdisc(message)?.kind ?? '');
    } catch (error) {
      if (error instanceof NetlinkMalformed) return false;
      throw error;
    }
  }

  /** Whether a list of filters has others than our own, which are listed with their heads. */
  #hasForeign(all: readonly AttachedFilter[]): boolean {
    const isOwn = (filter: AttachedFilter) =>
      this.#rules.isOwnRule?.(filter) === true ||
      (filter.programId !== undefined && this.#rules.isOwn(filter.programId));
    const own = new Set(all.filter(isOwn).map(keyOf));
    return all.some((filter) => !isOwn(filter) && !(filter.handle === 0 && own.has(keyOf(filter))));
  }
}

/** Filters with the same key have a common head in a list of filters. */
function keyOf({ kind, priority, protocol, chain }: AttachedFilter): string {
  return `${kind} ${priority} ${protocol} ${chain}`;
}

/** A pattern that ends with `*` matches every name with that prefix. */
function isNamed(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
