import koffi from 'koffi';
import { SystemCallFailed } from '../core/errors.ts';
import { inWorker, loadClose, loadLibbpf } from '../core/libbpf-library.ts';
import type { NetworkLock } from '../core/network-lock.ts';

/** How packets of a device reach the program. */
export type AttachMode = 'native' | 'generic';

/** Flags of bpf_xdp_attach (`linux/if_link.h`). */
export const XDP_FLAG: Readonly<Record<AttachMode, number>> = { generic: 2, native: 4 };

/** Ids of the XDP programs on a device, 0 for none. */
export interface XdpIds {
  readonly native: number;
  readonly generic: number;
}

/** `BPF_TCX_INGRESS` and `BPF_TCX_EGRESS` of `enum bpf_attach_type`. */
const TCX = [46, 47];

function symbols() {
  const lib = loadLibbpf();
  return {
    attach: lib.func('int bpf_xdp_attach(int ifindex, int fd, uint32_t flags, const void *opts)'),
    detach: lib.func('int bpf_xdp_detach(int ifindex, uint32_t flags, const void *opts)'),
    query: lib.func('int bpf_xdp_query(int ifindex, int flags, void *opts)'),
    programs: lib.func(
      'int bpf_prog_query(int target, int type, uint32_t flags, void *attachFlags, void *ids, void *count)',
    ),
    dup: koffi.load(null).func('int dup(int fd)'),
    close: loadClose(),
  };
}

/**
 * The programs of devices. Every call waits for the kernel's network lock, in a worker thread.
 */
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

  /**
   * The XDP programs on a device.
   *
   * @throws {SystemCallFailed} when the device does not exist
   * @throws {NetworkLockBusy}
   */
  async query(ifindex: number): Promise<XdpIds> {
    // struct bpf_xdp_query_opts: size_t sz, then prog_id, drv_, hw_, skb_prog_id.
    const opts = new Uint32Array(8);
    opts[0] = opts.byteLength;
    const errno = await this.#lock.run(`querying device ${ifindex}`, () =>
      inWorker([opts], (done) => this.#c.query.async(ifindex, 0, opts, done)),
    );
    if (errno !== 0) throw new SystemCallFailed('bpf_xdp_query', errno, `ifindex ${ifindex}`);
    return { native: opts[3], generic: opts[5] };
  }

  /**
   * The devices that have tcx programs, in or out; none where the kernel does not know tcx.
   *
   * @throws {NetworkLockBusy}
   */
  withTcx(ifindexes: readonly number[]): Promise<ReadonlySet<number>> {
    return this.#lock.run('querying tcx programs', async () => {
      const found = new Set<number>();
      for (const ifindex of ifindexes) {
        for (const type of TCX) if (await this.#hasPrograms(ifindex, type)) found.add(ifindex);
      }
      return found;
    });
  }

  async #hasPrograms(ifindex: number, attachType: number): Promise<boolean> {
    const count = new Uint32Array(1);
    const errno = await inWorker([count], (done) =>
      this.#c.programs.async(ifindex, attachType, 0, null, null, count, done),
    );
    // A kernel without the type, or a device that is gone.
    return errno === 0 && count[0] > 0;
  }
}
