import koffi from 'koffi';
import { inWorker, loadClose, loadLibbpf } from '../core/libbpf-library.ts';
import type { NetworkLock } from '../core/network-lock.ts';

/** How packets of a device reach the program. */
export type AttachMode = 'native' | 'generic';

/** Flags of bpf_xdp_attach (`linux/if_link.h`). */
export const XDP_FLAG: Readonly<Record<AttachMode, number>> = { generic: 2, native: 4 };

function symbols() {
  const lib = loadLibbpf();
  return {
    attach: lib.func('int bpf_xdp_attach(int ifindex, int fd, uint32_t flags, const void *opts)'),
    detach: lib.func('int bpf_xdp_detach(int ifindex, uint32_t flags, const void *opts)'),
    dup: koffi.load(null).func('int dup(int fd)'),
    close: loadClose(),
  };
}

/** Attaches XDP programs. Every call waits for the kernel's network lock, in a worker thread. */
export class XdpDevices {
  readonly #c = symbols();
  readonly #lock: NetworkLock;

  constructor(lock: NetworkLock) {
    this.#lock = lock;
  }

  /**
   * Attaches or atomically replaces a program. Resolves to the errno, 0 on success.
   *
   * @throws {NetworkLockBusy} the program may still be attached later
   */
  attach(ifindex: number, programFd: number, flags: number): Promise<number> {
    return this.#lock.run(`attaching to device ${ifindex}`, async () => {
      // The caller may close its descriptor before an overdue call uses it.
      const fd: number = this.#c.dup(programFd);
      try {
        return await inWorker([], (done) => this.#c.attach.async(ifindex, fd, flags, null, done));
      } finally {
        this.#c.close(fd);
      }
    });
  }

  /**
   * Detaches the program. Resolves to the errno, 0 on success.
   *
   * @throws {NetworkLockBusy} the program may still be detached later
   */
  detach(ifindex: number, flags: number): Promise<number> {
    return this.#lock.run(`detaching from device ${ifindex}`, () =>
      inWorker([], (done) => this.#c.detach.async(ifindex, flags, null, done)),
    );
  }
}
