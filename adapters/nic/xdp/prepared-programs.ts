import type { Libbpf } from '../core/libbpf.ts';

/**
 * Programs that are loaded for a device and not attached to it: loading takes some 100 ms of CPU
 * time, attaching a millisecond. A flow whose port has no program yet need not wait for it.
 */
export class PreparedPrograms {
  readonly #libbpf: Libbpf;
  /** Descriptor by ifindex; undefined: the kernel rejected the program. */
  readonly #fds = new Map<number, number | undefined>();

  constructor(libbpf: Libbpf) {
    this.#libbpf = libbpf;
  }

  /** Whether a program was loaded for the device, or rejected. */
  has(ifindex: number): boolean {
    return this.#fds.has(ifindex);
  }

  /** The program's descriptor, which stays open; undefined if no program is loaded for the device. */
  get(ifindex: number): number | undefined {
    return this.#fds.get(ifindex);
  }

  /** Keeps a program for the device. @param fd is duplicated; undefined: it was rejected */
  keep(ifindex: number, fd: number | undefined): void {
    this.drop(ifindex);
    this.#fds.set(ifindex, fd === undefined ? undefined : this.#libbpf.duplicate(fd));
  }

  /** Unloads the program of a device that is no longer served. */
  drop(ifindex: number): void {
    const fd = this.#fds.get(ifindex);
    if (fd !== undefined) this.#libbpf.close(fd);
    this.#fds.delete(ifindex);
  }

  close(): void {
    for (const ifindex of this.#fds.keys()) this.drop(ifindex);
  }
}
