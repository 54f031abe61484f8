import { NetlinkSocket } from './socket.ts';

/** How often a socket is looked at, ms: one system call that returns at once. */
const PERIOD_MS = 20;

/** Datagrams that are read at a time, so that a flood of changes leaves the event loop its time. */
const MAX_DATAGRAMS = 64;

/**
 * Calls a listener soon after the kernel has reported changes, or has lost such reports. It says
 * that something changed and not what: the listener reads the state it needs.
 */
export class NetlinkNotifications {
  readonly #sockets: readonly NetlinkSocket[];
  readonly #timer: NodeJS.Timeout;

  /**
   * @param groups by protocol ({@link NetlinkSocket}), the groups to follow
   * @throws {NetlinkUnusable} when a group does not exist here
   */
  constructor(groups: ReadonlyMap<number, readonly number[]>, onChange: () => void) {
    const sockets: NetlinkSocket[] = [];
    try {
      for (const [protocol, ids] of groups) {
        const socket = new NetlinkSocket(protocol);
        sockets.push(socket);
        for (const group of ids) socket.join(group);
      }
    } catch (error) {
      for (const socket of sockets) socket.close();
      throw error;
    }
    this.#sockets = sockets;
    this.#timer = setInterval(() => {
      if (this.#drain()) onChange();
    }, PERIOD_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.close();
  }

  #drain(): boolean {
    let changed = false;
    for (const socket of this.#sockets) {
      for (let i = 0; i < MAX_DATAGRAMS && socket.receive() !== undefined; i++) changed = true;
    }
    return changed;
  }
}
