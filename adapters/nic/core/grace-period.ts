import type { Libbpf } from './libbpf.ts';
import { createMaskSetMap, createOuterMap } from './maps.ts';
import { u32 } from './records.ts';

const FIRST = u32(0);

/**
 * Waits until every program that was running when the wait began has finished.
 *
 * The kernel gives the memory of an element deleted from (or replaced in) a hash map to the next
 * element at once (`kernel/bpf/hashtab.c`, `free_htab_elem` and `alloc_htab_elem`), also while a
 * program that found the old one uses it; without preallocation it does the same, since Linux 6.1.
 * So code that deletes elements waits here before it inserts others, and never overwrites one.
 *
 * An update of a map of maps returns after an RCU grace period (`kernel/bpf/syscall.c`,
 * `maybe_wait_bpf_programs`), whichever map it is; this map is used by no program.
 */
export class GracePeriod {
  readonly #libbpf: Libbpf;
  readonly #inner: Uint8Array;
  readonly #fds: readonly [number, number];

  constructor(libbpf: Libbpf) {
    this.#libbpf = libbpf;
    const inner = createMaskSetMap(libbpf);
    this.#inner = u32(inner);
    this.#fds = [createOuterMap(libbpf, inner), inner];
  }

  /** Some ms, in a worker thread. */
  wait(): Promise<void> {
    return this.#libbpf.updateWaiting(this.#fds[0], FIRST, this.#inner, 'grace period');
  }

  close(): void {
    for (const fd of this.#fds) this.#libbpf.close(fd);
  }
}
