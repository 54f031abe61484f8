import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TCX } from '../core/device-programs.ts';
import { SystemCallFailed } from '../core/errors.ts';
import type { Libbpf } from '../core/libbpf.ts';
import { inWorker, loadLibbpf } from '../core/libbpf-library.ts';
import type { NetworkLock } from '../core/network-lock.ts';
import type { IngressPoint } from './ingress-point.ts';

/** Folder in the pin directory with the links. */
const FOLDER = 'links';

/**
 * Offsets in `struct bpf_link_info` (linux/bpf.h) of the words that are read; `ifindex` is 0 when the
 * device is gone.
 */
const LINK_INFO = { programId: 8, ifindex: 16, bytes: 128 } as const;

/** Whether a daemon has left programs at tcx. */
export function hasTcxLinks(pinPath: string): boolean {
  return existsSync(join(pinPath, FOLDER));
}

/**
 * Where a link is attached among those of the device: entries come first, so that what counts packets
 * behind them never sees those that they take, whichever was attached first.
 */
export type TcxPosition = 'first' | 'last';

/** `BPF_F_BEFORE`; without a link or program it means the first place. */
const BEFORE = 1 << 3;

/** Offset of the flags in `struct bpf_link_create_opts` (bpf/bpf.h), behind its size. */
const CREATE_OPTS = { flags: 8, bytes: 16 } as const;

/** A program that a link keeps attached to a device. */
interface TcxLink {
  readonly programId: number;
  readonly ifindex: number;
}

function symbols() {
  const lib = loadLibbpf();
  return {
    create: lib.func('int bpf_link_create(int prog, int ifindex, int type, const void *opts)'),
    update: lib.func('int bpf_link_update(int link, int prog, const void *opts)'),
    detach: lib.func('int bpf_link_detach(int link)'),
    info: lib.func('int bpf_obj_get_info_by_fd(int fd, void *info, void *length)'),
  };
}

/**
 * BPF links at tcx ingress, one for each device, pinned as `links/IFINDEX`. A link keeps its program
 * attached while it is pinned or open, so a program without a pin ends with the daemon.
 *
 * Every call waits for the kernel's network lock, in a worker thread; so would closing the last
 * descriptor of a link on the event loop, and so a link is closed only while it is pinned.
 */
export class TcxLinks implements IngressPoint {
  readonly #c = symbols();
  readonly #libbpf: Libbpf;
  readonly #lock: NetworkLock;
  readonly #folder: string;
  readonly #position: TcxPosition;
  /** By ifindex, as last read or changed. */
  readonly #known = new Map<number, TcxLink>();

  constructor(libbpf: Libbpf, lock: NetworkLock, pinPath: string, position: TcxPosition) {
    this.#libbpf = libbpf;
    this.#lock = lock;
    this.#folder = join(pinPath, FOLDER);
    this.#position = position;
  }

  /** Reads the pinned links of an earlier daemon, and unpins those whose device is gone. */
  async open(): Promise<void> {
    for (const ifindex of this.devices()) await this.unpinDetached(ifindex);
  }

  isOurs(programId: number): boolean {
    for (const link of this.#known.values()) if (link.programId === programId) return true;
    return false;
  }

  devices(): readonly number[] {
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder)
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  }

  isAttached(ifindex: number): Promise<boolean> {
    return this.#lock.run(
      `reading the link of device ${ifindex}`,
      async () => (await this.#read(ifindex)) !== undefined,
    );
  }

  attach(ifindex: number, programFd: number, programId: number): Promise<void> {
    return this.#lock.run(`attaching to device ${ifindex}`, async () => {
      const now = await this.#read(ifindex);
      if (now === undefined) {
        this.#unpin(ifindex);
        await this.#create(ifindex, programFd);
      } else if (now.programId !== programId) {
        await this.#update(ifindex, programFd);
      }
      this.#known.set(ifindex, { programId, ifindex });
    });
  }

  detach(ifindex: number): Promise<void> {
    return this.#lock.run(`detaching from device ${ifindex}`, async () => {
      await this.#withLink(ifindex, (fd) => inWorker([], (done) => this.#c.detach.async(fd, done)));
      this.#unpin(ifindex);
    });
  }

  unpinDetached(ifindex: number): Promise<void> {
    return this.#lock.run(`reading the link of device ${ifindex}`, async () => {
      if ((await this.#read(ifindex)) === undefined) this.#unpin(ifindex);
    });
  }

  /** The link of a device; undefined without one, or if it belongs to an earlier device. */
  async #read(ifindex: number): Promise<TcxLink | undefined> {
    const link = await this.#withLink(ifindex, (fd) => this.#info(fd));
    if (link === undefined || link.ifindex !== ifindex) {
      this.#known.delete(ifindex);
      return undefined;
    }
    this.#known.set(ifindex, link);
    return link;
  }

  async #info(fd: number): Promise<TcxLink> {
    const info = Buffer.alloc(LINK_INFO.bytes);
    const length = Uint32Array.of(info.length);
    const errno = await inWorker([info, length], (done) =>
      this.#c.info.async(fd, info, length, done),
    );
    if (errno !== 0) throw new SystemCallFailed('bpf_obj_get_info_by_fd', errno, 'link');
    return {
      programId: info.readUInt32LE(LINK_INFO.programId),
      ifindex: info.readUInt32LE(LINK_INFO.ifindex),
    };
  }

  async #create(ifindex: number, programFd: number): Promise<void> {
    let fd = -1;
    const opts = Buffer.alloc(CREATE_OPTS.bytes);
    opts.writeBigUInt64LE(BigInt(opts.length), 0);
    opts.writeUInt32LE(this.#position === 'first' ? BEFORE : 0, CREATE_OPTS.flags);
    const errno = await inWorker([opts], (done) =>
      this.#c.create.async(
        programFd,
        ifindex,
        TCX.ingress,
        opts,
        (error: unknown, result: number) => {
          fd = result;
          done(error, result);
        },
      ),
    );
    if (errno !== 0) throw new SystemCallFailed('bpf_link_create', errno, `ifindex ${ifindex}`);
    try {
      if (!existsSync(this.#folder)) mkdirSync(this.#folder, { mode: 0o700 });
      this.#libbpf.pin(fd, this.#path(ifindex));
    } catch (error) {
      await inWorker([], (done) => this.#c.detach.async(fd, done));
      throw error;
    } finally {
      this.#libbpf.close(fd);
    }
  }

  async #update(ifindex: number, programFd: number): Promise<void> {
    const errno = await this.#withLink(ifindex, (fd) =>
      inWorker([], (done) => this.#c.update.async(fd, programFd, null, done)),
    );
    if (errno !== 0) {
      throw new SystemCallFailed('bpf_link_update', errno ?? 0, `ifindex ${ifindex}`);
    }
  }

  /** Opens the pinned link of a device; undefined without one. */
  async #withLink<T>(ifindex: number, use: (fd: number) => Promise<T>): Promise<T | undefined> {
    const fd = this.#libbpf.pinned(this.#path(ifindex));
    if (fd === undefined) return undefined;
    try {
      return await use(fd);
    } finally {
      this.#libbpf.close(fd);
    }
  }

  #unpin(ifindex: number): void {
    this.#known.delete(ifindex);
    rmSync(this.#path(ifindex), { force: true });
    // Anything that is left has not been pinned by a daemon.
    if (existsSync(this.#folder) && readdirSync(this.#folder).length === 0) rmdirSync(this.#folder);
  }

  #path(ifindex: number): string {
    return join(this.#folder, String(ifindex));
  }
}
