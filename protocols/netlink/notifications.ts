import { NetlinkSubscription } from './subscription.ts';

/**
 * Calls a listener soon after the kernel has reported changes, or lost such reports. The listener
 * gets no details; it reads the state that it needs.
 */
export class NetlinkNotifications {
  readonly #subscriptions: NetlinkSubscription[] = [];
  readonly #onChange: () => void;
  #reporting = false;

  /**
   * @param groups by protocol, the groups to follow
   * @throws {NetlinkUnusable} when this kernel lacks a group
   */
  constructor(groups: ReadonlyMap<number, readonly number[]>, onChange: () => void) {
    this.#onChange = onChange;
    const changed = (): void => this.#changed();
    try {
      for (const [protocol, ids] of groups) {
        const reader = { notified: changed, lost: changed };
        this.#subscriptions.push(new NetlinkSubscription(protocol, ids, reader));
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.close();
  }

  /** Calls the listener once for all changes of a turn of the event loop. */
  #changed(): void {
    if (this.#reporting) return;
    this.#reporting = true;
    queueMicrotask(() => {
      this.#reporting = false;
      this.#onChange();
    });
  }
}
