import koffi from 'koffi';
import { constants } from 'node:os';
import { NetlinkUnusable } from './errors.ts';

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
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

interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Buffer, length: number): number;
  setsockopt(fd: number, level: number, name: number, value: Buffer, length: number): number;
  send(fd: number, bytes: Buffer, length: number, flags: number): number;
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
    send: libc.func('int64_t send(int fd, const void *bytes, size_t length, int flags)'),
    recv: libc.func('int64_t recv(int fd, void *bytes, size_t length, int flags)'),
    close: libc.func('int close(int fd)'),
  };
}

/**
 * A netlink socket (netlink(7)). No call blocks: the kernel answers a request during `send`, and
 * produces the next part of a dump during `receive`.
 */
export class NetlinkSocket {
  readonly #libc = loadLibc();
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(MAX_DATAGRAM);
  #open = true;

  /**
   * @param protocol one of {@link PROTOCOL}
   * @throws {NetlinkUnusable}
   */
  constructor(protocol: number) {
    this.#fd = this.#libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, protocol);
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

  /** @throws {NetlinkUnusable} */
  send(message: Buffer): void {
    const sent = this.#libc.send(this.#fd, message, message.length, MSG_DONTWAIT);
    if (sent !== message.length) throw new NetlinkUnusable('send', koffi.errno());
  }

  /**
   * The next datagram, a copy; undefined when the queue is empty. `overrun`: notifications were lost.
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

  close(): void {
    if (this.#open) this.#libc.close(this.#fd);
    this.#open = false;
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
