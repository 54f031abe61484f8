import koffi from 'koffi';
import { read, write } from 'node:fs';
import { constants } from 'node:os';
import { promisify } from 'node:util';
import { NetlinkUnusable } from './errors.ts';

const AF_NETLINK = 16;
/** `SOCK_RAW`, `SOCK_CLOEXEC`, `SOCK_NONBLOCK`. */
const SOCKET_TYPE = 3 | 0o2000000 | 0o4000;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;

/** Bytes of `struct sockaddr_nl`. */
const ADDRESS_BYTES = 12;

/** `NETLINK_*` options of a socket. */
const OPTION = { addMembership: 1, extendedAck: 11, strictCheck: 12 } as const;

/** `NETLINK_*` protocols. */
export const PROTOCOL = { route: 0, netfilter: 12, generic: 16 } as const;

/** Larger than any datagram of a dump (the kernel fills at most 32 KiB). */
const MAX_DATAGRAM = 64 * 1024;
/** Receive buffer, for notifications that arrive faster than they are read, bytes. */
const RECEIVE_BUFFER = 1024 * 1024;

const readFrom = promisify(read);
const writeTo = promisify(write);

/** What requests and subscriptions need of a socket; tests replace it. */
export interface NetlinkTransport {
  join(group: number): void;
  write(message: Buffer): Promise<void>;
  read(): Promise<Buffer | 'overrun' | undefined>;
  receive(): Buffer | 'overrun' | undefined;
  readonly isInUse: boolean;
  close(): void;
}

interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Buffer, length: number): number;
  setsockopt(fd: number, level: number, name: number, value: Buffer, length: number): number;
  recv(fd: number, bytes: Buffer, length: number, flags: number): number;
  close(fd: number): number;
}

function loadLibc(): Libc {
  const libc = koffi.load(null);
  return {
    socket: libc.func('int socket(int domain, int type, int protocol)'),
    bind: libc.func('int bind(int fd, const void *address, uint32_t length)'),
    setsockopt: libc.func(
      'int setsockopt(int fd, int level, int name, const void *value, uint32_t length)',
    ),
    recv: libc.func('int64_t recv(int fd, void *bytes, size_t length, int flags)'),
    close: libc.func('int close(int fd)'),
  };
}

/**
 * A netlink socket (netlink(7)).
 *
 * The kernel handles a request while it is written, and produces the next part of a dump while the
 * part before is read. Both can wait for a lock of the kernel, such as the network lock (rtnl), so
 * {@link write} and {@link read} run in a thread of libuv's pool.
 */
export class NetlinkSocket implements NetlinkTransport {
  readonly #libc = loadLibc();
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(MAX_DATAGRAM);
  #open = true;
  /** Writes and reads that a thread of the pool is executing. */
  #running = 0;

  /**
   * @param protocol one of {@link PROTOCOL}
   * @throws {NetlinkUnusable}
   */
  constructor(protocol: number) {
    this.#fd = this.#libc.socket(AF_NETLINK, SOCKET_TYPE, protocol);
    if (this.#fd < 0) throw new NetlinkUnusable('socket', koffi.errno());
    const address = Buffer.alloc(ADDRESS_BYTES);
    address.writeUInt16LE(AF_NETLINK, 0);
    if (this.#libc.bind(this.#fd, address, ADDRESS_BYTES) < 0) throw this.#failed('bind');
    this.#set(SOL_NETLINK, OPTION.extendedAck, 1);
    // Without it the kernel ignores the filter of a dump and lists every device.
    this.#set(SOL_NETLINK, OPTION.strictCheck, 1);
    this.#set(SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
  }

  /** Receives the notifications of a group (`RTNLGRP_*`, `NFNLGRP_*`). */
  join(group: number): void {
    if (!this.#set(SOL_NETLINK, OPTION.addMembership, group)) throw this.#failed('setsockopt');
  }

  /** Sends a request. @throws {NetlinkUnusable} */
  async write(message: Buffer): Promise<void> {
    const { bytesWritten } = await this.#inPool('write', () => writeTo(this.#fd, message));
    if (bytesWritten !== message.length) {
      throw new NetlinkUnusable('write', constants.errno.EMSGSIZE);
    }
  }

  /**
   * The next datagram of an answer, valid until the next read; undefined when the queue is empty.
   * `overrun`: messages were lost.
   *
   * @throws {NetlinkUnusable}
   */
  async read(): Promise<Buffer | 'overrun' | undefined> {
    const buffer = this.#buffer;
    try {
      const { bytesRead } = await this.#inPool('read', () =>
        readFrom(this.#fd, buffer, 0, MAX_DATAGRAM, null),
      );
      // A datagram that fills the buffer may have been cut.
      return bytesRead === MAX_DATAGRAM ? 'overrun' : buffer.subarray(0, bytesRead);
    } catch (error) {
      const { EAGAIN, ENOBUFS, EINTR } = constants.errno;
      if (!(error instanceof NetlinkUnusable)) throw error;
      if (error.errno === EAGAIN || error.errno === EINTR) return undefined;
      if (error.errno === ENOBUFS) return 'overrun';
      throw error;
    }
  }

  /**
   * The next notification, a copy; undefined when the queue is empty. `overrun`: notifications were
   * lost. Does not wait: no dump runs on a socket for notifications.
   *
   * @throws {NetlinkUnusable}
   */
  receive(): Buffer | 'overrun' | undefined {
    const { EAGAIN, ENOBUFS, EINTR } = constants.errno;
    const flags = MSG_DONTWAIT | MSG_TRUNC;
    const length = this.#libc.recv(this.#fd, this.#buffer, MAX_DATAGRAM, flags);
    if (length < 0) {
      const errno = koffi.errno();
      if (errno === EAGAIN || errno === EINTR) return undefined;
      if (errno === ENOBUFS) return 'overrun';
      throw new NetlinkUnusable('recv', errno);
    }
    // A truncated datagram lost messages, as an overrun does.
    if (length > MAX_DATAGRAM) return 'overrun';
    return Buffer.from(this.#buffer.subarray(0, length));
  }

  /** Closes the socket, once no thread uses it: its descriptor could be reused before. */
  close(): void {
    if (this.#open && this.#running === 0) this.#libc.close(this.#fd);
    this.#open = false;
  }

  /** True while a thread of the pool executes a write or a read. */
  get isInUse(): boolean {
    return this.#running > 0;
  }

  async #inPool<T>(call: string, task: () => Promise<T>): Promise<T> {
    if (!this.#open) throw new NetlinkUnusable(call, constants.errno.EBADF);
    this.#running++;
    try {
      return await task();
    } catch (error) {
      throw new NetlinkUnusable(call, errnoOf(error));
    } finally {
      this.#running--;
      if (!this.#open && this.#running === 0) this.#libc.close(this.#fd);
    }
  }

  #set(level: number, name: number, value: number): boolean {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value, 0);
    return this.#libc.setsockopt(this.#fd, level, name, bytes, bytes.length) === 0;
  }

  #failed(call: string): NetlinkUnusable {
    const errno = koffi.errno();
    this.close();
    return new NetlinkUnusable(call, errno);
  }
}

/** The positive errno of a failed call of `node:fs`. */
function errnoOf(error: unknown): number {
  const errno = error instanceof Error && 'errno' in error ? error.errno : undefined;
  if (typeof errno !== 'number') throw error;
  return Math.abs(errno);
}
