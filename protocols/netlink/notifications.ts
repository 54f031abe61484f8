import type { NetlinkMessage } from './message.ts';
import { NetlinkSubscription } from './subscription.ts';

/** Whether a notification of a protocol is worth reading the state for. The message is valid during the call. */
export type IsRelevant = (protocol: number, message: NetlinkMessage) => boolean;

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
   * @param isRelevant left out: all notifications are
   * @throws {NetlinkUnusable} when this kernel lacks a group
   */
  constructor(
    groups: ReadonlyMap<number, readonly number[]>,
    onChange: () => void,
    isRelevant: IsRelevant = () => true,
  ) {
    this.#onChange = onChange;
    const changed = (): void => this.#changed();
    try {
      for (const [protocol, ids] of groups) {
        const notified = (message: NetlinkMessage): void => {
          if (isRelevant(protocol, message)) changed();
        };
        const reader = { notified, lost: changed };
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
