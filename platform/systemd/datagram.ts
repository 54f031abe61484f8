import koffi from 'koffi';

/** A datagram could not be sent; `errno` has the cause. */
export class DatagramError extends Error {
  override readonly name = 'DatagramError';
}

/** Sends datagrams to a unix socket, which node:dgram cannot. */
export interface DatagramSender {
  /** Sends without blocking. @throws DatagramError if that is not possible */
  send(text: string): void;
  close(): void;
}

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0x80002;
const MSG_DONTWAIT_NOSIGNAL = 0x4040;

/**
 * A sender to `address`: a path, or `@name` for Linux's abstract namespace (unix(7)).
 *
 * @throws DatagramError when the address is invalid or no socket can be created
 */
export function openDatagramSender(address: string): DatagramSender {
  const destination = socketAddress(address);
  const libc = koffi.load(null);
  const socket = libc.func('int socket(int domain, int type, int protocol)');
  const sendto = libc.func(
    'intptr_t sendto(int fd, const uint8_t *data, size_t length, int flags, const uint8_t *to, uint32_t toLength)',
  );
  const close = libc.func('int close(int fd)');
  const fd: number = socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) throw new DatagramError(`socket() failed, errno ${koffi.errno()}`);
  return {
    send: (text) => {
      const data = Buffer.from(text);
      const to = destination.length;
      const sent = Number(sendto(fd, data, data.length, MSG_DONTWAIT_NOSIGNAL, destination, to));
      if (sent < 0) throw new DatagramError(`cannot send to ${address}, errno ${koffi.errno()}`);
    },
    close: () => {
      close(fd);
    },
  };
}

/** struct sockaddr_un of the address's length, because the length delimits an abstract name. */
function socketAddress(address: string): Buffer {
  const abstract = address.startsWith('@');
  if (!abstract && !address.startsWith('/')) {
    throw new DatagramError(`${address} is neither an absolute path nor an abstract name (@...)`);
  }
  const path = Buffer.from(abstract ? `\0${address.slice(1)}` : `${address}\0`);
  if (path.length > 108) throw new DatagramError(`${address} is longer than a unix socket may be`);
  const family = Buffer.alloc(2);
  // In host byte order, which is big-endian on s390x.
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] === 1) family.writeUInt16LE(AF_UNIX);
  else family.writeUInt16BE(AF_UNIX);
  return Buffer.concat([family, path]);
}
