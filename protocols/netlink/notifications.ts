import { NetlinkUnusable } from './errors.ts';
import { NetlinkSocket } from './socket.ts';

/** Poll period of a socket, ms; a poll is one non-blocking system call. */
const PERIOD_MS = 20;

/** Datagrams to read per poll, so that a flood of changes does not block the event loop. */
const MAX_DATAGRAMS = 64;

/**
 * Calls a listener soon after the kernel has reported changes, or lost such reports. The listener
 * gets no details; it reads the state that it needs.
 */
export class NetlinkNotifications {
  readonly #sockets: readonly NetlinkSocket[];
  readonly #timer: NodeJS.Timeout;

  /**
   * @param groups by protocol ({@link NetlinkSocket}), the groups to follow
   * @throws {NetlinkUnusable} when this kernel lacks a group
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
      try {
        for (let i = 0; i < MAX_DATAGRAMS && socket.receive() !== undefined; i++) changed = true;
      } catch (error) {
        // A failed read is a lost report, not the end of the daemon: the listener reads the state.
        if (!(error instanceof NetlinkUnusable)) throw error;
        changed = true;
      }
    }
    return changed;
  }
}
