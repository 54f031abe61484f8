import { constants } from 'node:os';
import { SystemCallFailed } from './errors.ts';
import { inWorker, loadLibbpf } from './libbpf-library.ts';
import type { NetworkLock } from './network-lock.ts';

/** Ids of the XDP programs on a device, 0 for none. */
export interface XdpIds {
  readonly native: number;
  readonly generic: number;
}

/** `BPF_TCX_INGRESS` and `BPF_TCX_EGRESS` of `enum bpf_attach_type`. */
export const TCX = { ingress: 46, egress: 47 } as const;
export type TcxDirection = keyof typeof TCX;

/** The ifindex of the loopback device in every network namespace. */
const LOOPBACK = 1;
const { EINVAL } = constants.errno;

/** `BPF_MPROG_MAX` of the kernel (include/linux/bpf_mprog.h): programs at one tcx hook. */
const MAX_TCX_PROGRAMS = 64;

function symbols() {
  const lib = loadLibbpf();
  return {
    xdp: lib.func('int bpf_xdp_query(int ifindex, int flags, void *opts)'),
    programs: lib.func(
      'int bpf_prog_query(int target, int type, uint32_t flags, void *attachFlags, void *ids, void *count)',
    ),
  };
}

/**
 * The programs at the hooks of devices. Every call waits for the kernel's network lock, in a worker
 * thread.
 */
export class DevicePrograms {
  readonly #c = symbols();
  readonly #lock: NetworkLock;

  constructor(lock: NetworkLock) {
    this.#lock = lock;
  }

  /**
   * The XDP programs on a device.
   *
   * @throws {SystemCallFailed} when the device does not exist
   * @throws {NetworkLockBusy}
   */
  async xdp(ifindex: number): Promise<XdpIds> {
    // struct bpf_xdp_query_opts: size_t sz, then prog_id, drv_, hw_, skb_prog_id.
    const opts = new Uint32Array(8);
    opts[0] = opts.byteLength;
    const errno = await this.#lock.run(`querying device ${ifindex}`, () =>
      inWorker([opts], (done) => this.#c.xdp.async(ifindex, 0, opts, done)),
    );
    if (errno !== 0) throw new SystemCallFailed('bpf_xdp_query', errno, `ifindex ${ifindex}`);
    return { native: opts[3], generic: opts[5] };
  }

  /**
   * Ids of the tcx programs of devices, by ifindex; none where the kernel does not know tcx, and for
   * devices that are gone.
   *
   * @throws {NetworkLockBusy}
   */
  tcx(
    ifindexes: readonly number[],
    directions: readonly TcxDirection[],
  ): Promise<ReadonlyMap<number, readonly number[]>> {
    return this.#lock.run('querying tcx programs', async () => {
      const found = new Map<number, readonly number[]>();
      for (const ifindex of ifindexes) {
        for (const direction of directions) {
          const ids = await this.#tcxAt(ifindex, TCX[direction]);
          if (ids.length > 0) found.set(ifindex, [...(found.get(ifindex) ?? []), ...ids]);
        }
      }
      return found;
    });
  }

  /** Whether the kernel has tcx (Linux 6.6). @throws {NetworkLockBusy} */
  async knowsTcx(): Promise<boolean> {
    const count = new Uint32Array(1);
    const errno = await this.#lock.run('asking for tcx', () =>
      inWorker([count], (done) =>
        this.#c.programs.async(LOOPBACK, TCX.ingress, 0, null, null, count, done),
      ),
    );
    return errno !== EINVAL;
  }

  async #tcxAt(ifindex: number, attachType: number): Promise<readonly number[]> {
    const ids = new Uint32Array(MAX_TCX_PROGRAMS);
    const count = Uint32Array.of(ids.length);
    const errno = await inWorker([ids, count], (done) =>
      this.#c.programs.async(ifindex, attachType, 0, null, ids, count, done),
    );
    // A kernel without the type, or a device that is gone.
    return errno === 0 ? [...ids.subarray(0, count[0])] : [];
  }
}
