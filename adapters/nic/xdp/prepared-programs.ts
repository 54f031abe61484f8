import type { Libbpf } from '../core/libbpf.ts';
import type { ProgramKind } from './programs.ts';

interface Prepared {
  readonly kind: ProgramKind;
  /** Undefined: the kernel rejected the program. */
  readonly fd: number | undefined;
}

/**
 * Programs that are loaded for a device and not attached to it: loading takes some 100 ms of CPU
 * time, attaching a millisecond. A flow whose port has no program yet need not wait for it.
 */
export class PreparedPrograms {
  readonly #libbpf: Libbpf;
  readonly #byIfindex = new Map<number, Prepared>();

  constructor(libbpf: Libbpf) {
    this.#libbpf = libbpf;
  }

  /** Whether a program of this kind was loaded for the device, or rejected. */
  has(ifindex: number, kind: ProgramKind): boolean {
    return this.#byIfindex.get(ifindex)?.kind === kind;
  }

  /**
   * The descriptor of the program of this kind, which stays open; undefined if it is not loaded for the
   * device.
   */
  get(ifindex: number, kind: ProgramKind): number | undefined {
    const prepared = this.#byIfindex.get(ifindex);
    return prepared?.kind === kind ? prepared.fd : undefined;
  }

  /** Keeps the program for the device. @param fd is duplicated; undefined: it was rejected */
  keep(ifindex: number, kind: ProgramKind, fd: number | undefined): void {
    this.drop(ifindex);
    const ours = fd === undefined ? undefined : this.#libbpf.duplicate(fd);
    this.#byIfindex.set(ifindex, { kind, fd: ours });
  }

  /** Unloads the program of a device that is no longer served. */
  drop(ifindex: number): void {
    const fd = this.#byIfindex.get(ifindex)?.fd;
    if (fd !== undefined) this.#libbpf.close(fd);
    this.#byIfindex.delete(ifindex);
  }

  close(): void {
    for (const ifindex of this.#byIfindex.keys()) this.drop(ifindex);
  }
}
