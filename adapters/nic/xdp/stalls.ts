import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Libbpf } from '../core/libbpf.ts';
import { HASH, MAX_PORTS } from '../core/maps.ts';
import { u32 } from '../core/records.ts';
import { pinnedMap } from './pinned-map.ts';

/** The map's symbol in the BPF object, and its file in the pin directory. */
export const STALLS_MAP = 'stalled';

/** `struct stall` of bpf/stall.h; test/adapters/nic/xdp/stalls-layout.test.ts compares the two. */
export const STALL = { untilNs: 0, durationNs: 8, bytes: 16 } as const;

const MAP = {
  name: STALLS_MAP,
  type: HASH,
  keySize: 4,
  valueSize: STALL.bytes,
  maxEntries: MAX_PORTS,
} as const;

/** The ports that redirects cannot reach at present; the guard program writes them. */
export class Stalls {
  readonly fd: number;
  readonly #libbpf: Libbpf;
  readonly #path: string;

  private constructor(libbpf: Libbpf, path: string, fd: number) {
    this.#libbpf = libbpf;
    this.#path = path;
    this.fd = fd;
  }

  /** Opens the pinned map of an earlier daemon if it is valid, otherwise creates one. */
  static open(libbpf: Libbpf, pinPath: string, adopt: boolean): Stalls {
    const path = join(pinPath, STALLS_MAP);
    return new Stalls(libbpf, path, pinnedMap(libbpf, path, MAP, adopt));
  }

  /** Kernel id of the map. */
  get id(): number {
    return this.#libbpf.mapInfo(this.fd).id;
  }

  /** True while redirects to the port are suspended, because some failed. */
  has(portId: number): boolean {
    const stall = new BigUint64Array(STALL.bytes / 8);
    const value = new Uint8Array(stall.buffer);
    const found = this.#libbpf.lookup(this.fd, u32(portId), value, STALLS_MAP);
    return found && stall[STALL.untilNs / 8] > process.hrtime.bigint();
  }

  forget(portId: number): void {
    this.#libbpf.remove(this.fd, u32(portId), `port ${portId}`);
  }

  close(): void {
    this.#libbpf.close(this.fd);
  }

  unpin(): void {
    rmSync(this.#path, { force: true });
  }
}
