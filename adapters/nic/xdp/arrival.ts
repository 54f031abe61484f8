import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Libbpf } from '../core/libbpf.ts';
import { PERCPU_ARRAY } from '../core/maps.ts';
import { pinnedMap } from './pinned-map.ts';

/** Bytes of `struct arrival` of bpf/decapsulate.h; test/adapters/nic/xdp/arrival-layout.test.ts compares the two. */
export const ARRIVAL_BYTES = 144;

const ARRIVAL = {
  name: 'arrival',
  type: PERCPU_ARRAY,
  keySize: 4,
  valueSize: ARRIVAL_BYTES,
  maxEntries: 1,
} as const;

/**
 * Memory of the XDP programs for the packet that each CPU takes out of its tunnel. It is pinned because a
 * program is adopted only if all of its maps are ours.
 */
export class Arrival {
  readonly fd: number;
  readonly #libbpf: Libbpf;
  readonly #path: string;

  /** Opens the map of an earlier daemon if it is valid, otherwise creates one. */
  constructor(libbpf: Libbpf, pinPath: string, adopt: boolean) {
    this.#libbpf = libbpf;
    this.#path = join(pinPath, ARRIVAL.name);
    this.fd = pinnedMap(libbpf, this.#path, ARRIVAL, adopt);
  }

  /** Its symbol in the BPF object. */
  get name(): string {
    return ARRIVAL.name;
  }

  /** Kernel id of the map. */
  get id(): number {
    return this.#libbpf.mapInfo(this.fd).id;
  }

  close(): void {
    this.#libbpf.close(this.fd);
  }

  unpin(): void {
    rmSync(this.#path, { force: true });
  }
}
