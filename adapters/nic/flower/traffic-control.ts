import type { NetlinkAnswer, NetlinkRequest } from '../../../protocols/netlink/exchange.ts';
import { NetlinkRefused } from '../../../protocols/netlink/errors.ts';
import { type NetlinkOptions, NetlinkRequests } from '../../../protocols/netlink/requests.ts';
import { PROTOCOL } from '../../../protocols/netlink/socket.ts';
import { announceLink } from '../../../protocols/netlink/link/links.ts';
import {
  type FilterCounters,
  readFilterCounters,
} from '../../../protocols/netlink/tc/filter-counters.ts';
import {
  deleteFilter,
  type FlowerFilter,
  flowerFilters,
} from '../../../protocols/netlink/tc/filters.ts';
import {
  type AttachedFilter,
  filters,
  PARENT,
  qdiscs,
  type TrafficControl,
} from '../../../protocols/netlink/tc/traffic-control.ts';
import type { NetworkLock } from '../core/network-lock.ts';
import { RULE_PLACES, type RulePlace } from './priorities.ts';

/**
 * Requests to tc. The kernel may let each wait for the network lock or for a driver, in a worker thread,
 * for a bounded time: {@link NetworkLockBusy}. What has become of such a request is unknown.
 */
export class TrafficControlRequests {
  readonly #lock: NetworkLock;
  readonly #requests: NetlinkRequests;

  /** @param options of the socket; left out: one of the kernel */
  constructor(lock: NetworkLock, options: NetlinkOptions = {}) {
    this.#lock = lock;
    this.#requests = new NetlinkRequests(PROTOCOL.route, options);
  }

  /** Sends requests together; a refusal does not stop the next. @throws {NetworkLockBusy} */
  batch(what: string, requests: readonly NetlinkRequest[]): Promise<readonly NetlinkAnswer[]> {
    if (requests.length === 0) return Promise.resolve([]);
    return this.#lock.run(what, () => this.#requests.batch(requests));
  }

  /** Sends one request; resolves to the refusal. @throws {NetworkLockBusy} */
  async one(what: string, request: NetlinkRequest): Promise<NetlinkRefused | undefined> {
    const [answer] = await this.batch(what, [request]);
    return answer instanceof NetlinkRefused ? answer : undefined;
  }

  /** All qdiscs of all devices. */
  qdiscs(): Promise<readonly TrafficControl[]> {
    return this.#lock.run('reading qdiscs', () => qdiscs(this.#requests));
  }

  /** Every filter of a device at a hook of `clsact`. */
  filters(ifindex: number, parent: number): Promise<readonly AttachedFilter[]> {
    return this.#lock.run('reading filters', () => filters(this.#requests, ifindex, parent));
  }

  /** The flower filters of a device at ingress, with matches and actions. */
  rules(ifindex: number): Promise<readonly FlowerFilter[]> {
    return this.#lock.run('reading rules', () =>
      flowerFilters(this.#requests, ifindex, PARENT.clsactIngress),
    );
  }

  /** Reads the counters of the rules of a device at a place. */
  counters(
    ifindex: number,
    place: RulePlace,
    reader: { begin(): void; filter(counters: FilterCounters): void },
  ): Promise<void> {
    const at = { ifindex, parent: PARENT.clsactIngress, ...place };
    return this.#lock.run('reading counters', () => readFilterCounters(this.#requests, at, reader));
  }

  /** Makes the kernel notify of a device that has not changed, so that others look at it again. */
  announce(ifindex: number): Promise<void> {
    return this.#lock.run('announcing a device', () => announceLink(this.#requests, ifindex));
  }

  close(): void {
    this.#requests.close();
  }
}

/** Requests that remove all rules of a device: one for each place. */
export function removalOf(ifindex: number): readonly NetlinkRequest[] {
  return RULE_PLACES.map((place) =>
    deleteFilter({ ifindex, parent: PARENT.clsactIngress, handle: 0, ...place }, 'flower'),
  );
}
