import koffi from 'koffi';
import { inNetworkNamespace } from './network-namespace.ts';

const AF_PACKET = 17;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const SOL_PACKET = 263;
const PACKET_QDISC_BYPASS = 20;
const SOCKADDR_LL_BYTES = 20;
/** `struct mmsghdr` and `struct iovec` on a 64-bit machine, and where the former points to the latter. */
const HEADER = { iov: 16, iovCount: 24, bytes: 64 } as const;
const IOV_BYTES = 16;
/** Messages in one call. */
const AT_ONCE = 64;

/** Sends many frames with few system calls, from a device of a network namespace. */
export class PacketBurst {
  readonly #libc = koffi.load(null);
  readonly #sendmmsg = this.#libc.func(
    'int sendmmsg(int fd, void *messages, unsigned int count, int flags)',
  );
  readonly #close = this.#libc.func('int close(int fd)');
  readonly #fd: number;
  readonly #frames: Buffer;
  readonly #vectors: Buffer;
  readonly #headers: Buffer;
  readonly #count: number;

  /** Needs root. @param frames all of one length */
  constructor(namespace: string, device: string, frames: readonly Buffer[]) {
    this.#count = frames.length;
    this.#frames = Buffer.concat(frames);
    this.#vectors = Buffer.alloc(frames.length * IOV_BYTES);
    this.#headers = Buffer.alloc(frames.length * HEADER.bytes);
    const [data, vectors] = [koffi.address(this.#frames), koffi.address(this.#vectors)];
    const length = frames[0]?.length ?? 0;
    for (let n = 0; n < frames.length; n++) {
      this.#vectors.writeBigUInt64LE(data + BigInt(n * length), n * IOV_BYTES);
      this.#vectors.writeBigUInt64LE(BigInt(length), n * IOV_BYTES + 8);
      const at = n * HEADER.bytes;
      this.#headers.writeBigUInt64LE(vectors + BigInt(n * IOV_BYTES), at + HEADER.iov);
      this.#headers.writeBigUInt64LE(1n, at + HEADER.iovCount);
    }
    this.#fd = inNetworkNamespace(namespace, () => this.#open(device));
  }

  /** Sends each frame once; returns how many the device took. */
  send(): number {
    let sent = 0;
    for (let from = 0; from < this.#count; from += AT_ONCE) {
      const count = Math.min(AT_ONCE, this.#count - from);
      const headers = this.#headers.subarray(from * HEADER.bytes);
      const result: number = this.#sendmmsg(this.#fd, headers, count, 0);
      if (result > 0) sent += result;
    }
    return sent;
  }

  close(): void {
    this.#close(this.#fd);
  }

  #open(device: string): number {
    const socket = this.#libc.func('int socket(int domain, int type, int protocol)');
    const bind = this.#libc.func('int bind(int fd, const void *address, uint32_t length)');
    const option = this.#libc.func(
      'int setsockopt(int fd, int level, int name, const void *value, uint32_t length)',
    );
    const indexOf = this.#libc.func('uint32_t if_nametoindex(const char *name)');
    const fd: number = socket(AF_PACKET, SOCK_RAW_CLOEXEC, 0);
    const address = Buffer.alloc(SOCKADDR_LL_BYTES);
    address.writeUInt16LE(AF_PACKET, 0);
    address.writeUInt32LE(indexOf(device), 4);
    const on = Buffer.from(Uint32Array.of(1).buffer);
    if (fd < 0 || bind(fd, address, address.length) !== 0) {
      throw new Error(`packet socket on ${device}: errno ${koffi.errno()}`);
    }
    option(fd, SOL_PACKET, PACKET_QDISC_BYPASS, on, on.length);
    return fd;
  }
}
