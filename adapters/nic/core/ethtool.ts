import koffi from 'koffi';
import { SystemCallFailed } from './errors.ts';
import { inWorker, loadClose } from './libbpf-library.ts';
import type { NetworkLock } from './network-lock.ts';

const AF_INET = 2;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const SIOCETHTOOL = 0x8946;

/** Offsets in `struct ifreq`, and the longest name of a device. */
const IFREQ = { name: 0, data: 16, bytes: 40 } as const;
const NAME_BYTES = 15;

/**
 * The ethtool ioctl (`linux/ethtool.h`). Every call waits for the kernel's network lock, in a worker
 * thread.
 */
export class Ethtool {
  readonly #libc = koffi.load(null);
  readonly #socket = this.#libc.func('int socket(int domain, int type, int protocol)');
  readonly #ioctl = this.#libc.func('int ioctl(int fd, unsigned long request, void *argument)');
  readonly #close = loadClose();
  readonly #lock: NetworkLock;

  constructor(lock: NetworkLock) {
    this.#lock = lock;
  }

  /**
   * Makes a request, whose buffer receives the answer. False when the device refuses.
   *
   * @throws {NetworkLockBusy} {@link SystemCallFailed}
   */
  async ask(name: string, request: Uint8Array): Promise<boolean> {
    return (await this.call(name, request, `reading settings of ${name}`)) === 0;
  }

  /**
   * Makes a request, whose buffer receives the answer. Resolves to the errno, 0 on success.
   *
   * @param what the request does, for errors
   * @throws {NetworkLockBusy} {@link SystemCallFailed}
   */
  call(name: string, request: Uint8Array, what: string): Promise<number> {
    return this.#lock.run(what, async () => {
      const fd: number = this.#socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0);
      if (fd < 0) throw new SystemCallFailed('socket', koffi.errno(), 'ethtool');
      const ifreq = Buffer.alloc(IFREQ.bytes);
      ifreq.write(name.slice(0, NAME_BYTES), IFREQ.name, 'latin1');
      ifreq.writeBigUInt64LE(koffi.address(request), IFREQ.data);
      try {
        let errno = 0;
        const call = (done: (error: unknown, result: number) => void): void =>
          this.#ioctl.async(fd, SIOCETHTOOL, ifreq, (error: unknown, result: number) => {
            // koffi keeps the thread's errno for the callback alone.
            errno = koffi.errno();
            done(error, result);
          });
        return (await inWorker([ifreq, request], call)) === 0 ? 0 : errno;
      } finally {
        this.#close(fd);
      }
    });
  }
}
