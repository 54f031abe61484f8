import koffi from 'koffi';
import { inNetworkNamespace } from './network-namespace.ts';

const AF_PACKET = 17;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const SOCKADDR_LL_BYTES = 20;

/** Sends whole frames out of a device of a network namespace. */
export class PacketSocket {
  readonly #libc = koffi.load(null);
  readonly #send = this.#libc.func(
    'int64_t send(int fd, const void *bytes, size_t length, int flags)',
  );
  readonly #close = this.#libc.func('int close(int fd)');
  readonly #fd: number;

  /** Needs root. @param namespace as `ip netns` names it */
  constructor(namespace: string, device: string) {
    this.#fd = inNetworkNamespace(namespace, () => this.#open(device));
  }

  send(frame: Buffer): void {
    const sent: number = this.#send(this.#fd, frame, frame.length, 0);
    if (sent !== frame.length) throw new Error(`send: errno ${koffi.errno()}`);
  }

  close(): void {
    this.#close(this.#fd);
  }

  #open(device: string): number {
    const socket = this.#libc.func('int socket(int domain, int type, int protocol)');
    const bind = this.#libc.func('int bind(int fd, const void *address, uint32_t length)');
    const indexOf = this.#libc.func('uint32_t if_nametoindex(const char *name)');
    const fd: number = socket(AF_PACKET, SOCK_RAW_CLOEXEC, 0);
    const address = Buffer.alloc(SOCKADDR_LL_BYTES);
    address.writeUInt16LE(AF_PACKET, 0);
    address.writeUInt32LE(indexOf(device), 4);
    if (fd < 0 || bind(fd, address, address.length) !== 0) {
      throw new Error(`packet socket on ${device}: errno ${koffi.errno()}`);
    }
    return fd;
  }
}
