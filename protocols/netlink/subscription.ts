import { NetlinkMalformed, NetlinkUnusable } from './errors.ts';
import { decodeMessages, type NetlinkMessage } from './message.ts';
import { NetlinkSocket, type NetlinkTransport } from './socket.ts';

/** Default poll period of a socket, ms; a poll is one non-blocking system call. */
const PERIOD_MS = 20;

/** Datagrams to read per turn, so that a flood of changes does not block the event loop. */
const MAX_DATAGRAMS = 256;

/** Receives notifications in the order of the kernel. */
export interface NotificationReader {
  /** `message` is valid during the call. */
  notified(message: NetlinkMessage): void;
  /**
   * Notifications were lost, or cannot be read: the reader must read the state. Those that follow
   * are newer.
   */
  lost(): void;
}

/** What a subscription needs of a socket; tests replace it. */
export type NotificationSocket = Pick<NetlinkTransport, 'join' | 'receive' | 'close'>;

/** The notifications of multicast groups of one protocol. */
export class NetlinkSubscription {
  readonly #socket: NotificationSocket;
  readonly #reader: NotificationReader;
  readonly #timer: NodeJS.Timeout;
  #isClosed = false;

  /**
   * @param protocol as of {@link NetlinkSocket}
   * @param socket left out: a socket of the kernel
   * @param periodMs poll period of the socket, ms
   * @throws {NetlinkUnusable} when this kernel lacks a group
   */
  constructor(
    protocol: number,
    groups: readonly number[],
    reader: NotificationReader,
    socket: NotificationSocket = new NetlinkSocket(protocol),
    periodMs = PERIOD_MS,
  ) {
    this.#socket = socket;
    this.#reader = reader;
    try {
      for (const group of groups) this.#socket.join(group);
    } catch (error) {
      this.#socket.close();
      throw error;
    }
    this.#timer = setInterval(() => this.drain(), periodMs);
    this.#timer.unref();
  }

  /**
   * Reads what has arrived, without waiting for the next poll. False when so much arrives that some
   * is left for the next turn. The reader may close the subscription meanwhile.
   */
  drain(): boolean {
    for (let i = 0; i < MAX_DATAGRAMS; i++) if (!this.#next()) return true;
    return false;
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#socket.close();
  }

  /** False when nothing is left to read. */
  #next(): boolean {
    if (this.#isClosed) return false;
    try {
      const datagram = this.#socket.receive();
      if (datagram === undefined) return false;
      if (datagram === 'overrun') this.#reader.lost();
      else for (const message of decodeMessages(datagram)) this.#reader.notified(message);
      return true;
    } catch (error) {
      // A failed read is a lost report, not the end of the daemon: the reader reads the state.
      const isLoss = error instanceof NetlinkUnusable || error instanceof NetlinkMalformed;
      if (!isLoss) throw error;
      this.#reader.lost();
      return false;
    }
  }
}
