import { errnoName } from './errors.ts';
import { ENTRY } from './entry-value.ts';
import { TABLE_KEY } from './key-layout.ts';
import type { Libbpf } from './libbpf.ts';

const ENOENT = 2;

/** Elements of one batch call: a few ms in the kernel at most. */
export const BATCH = 4096;

/** A failure of one element. */
export interface WriteFailure {
  /** Index into what was given. */
  readonly index: number;
  readonly errno: string;
}

/** The flow table in the kernel, in batches. */
export class FlowMap {
  readonly #libbpf: Libbpf;
  readonly #fd: number;
  readonly #keys = new Uint8Array(BATCH * TABLE_KEY.bytes);
  readonly #values = new Uint8Array(BATCH * ENTRY.bytes);

  constructor(libbpf: Libbpf, fd: number) {
    this.#libbpf = libbpf;
    this.#fd = fd;
  }

  /** Writes entries; returns those that failed. All get `nowNs` as their last heartbeat. */
  put(
    count: number,
    keyOf: (index: number) => Uint8Array,
    valueOf: (index: number) => Uint8Array,
    nowNs: bigint,
  ): WriteFailure[] {
    const failures: WriteFailure[] = [];
    const heartbeat = new Uint8Array(BigUint64Array.of(nowNs).buffer);
    for (let from = 0; from < count; ) {
      const size = Math.min(BATCH, count - from);
      for (let i = 0; i < size; i++) {
        this.#keys.set(keyOf(from + i), i * TABLE_KEY.bytes);
        this.#values.set(valueOf(from + i), i * ENTRY.bytes);
        this.#values.set(heartbeat, i * ENTRY.bytes + ENTRY.lastHeartbeatNs);
      }
      const { done, errno } = this.#libbpf.updateBatch(this.#fd, this.#keys, this.#values, size);
      from += done;
      if (errno === 0) continue;
      failures.push({ index: from, errno: errnoName(errno) });
      from++;
    }
    return failures;
  }

  /** Deletes entries; what is gone already is no failure. */
  delete(count: number, keyOf: (index: number) => Uint8Array): WriteFailure[] {
    const failures: WriteFailure[] = [];
    for (let from = 0; from < count; ) {
      const size = Math.min(BATCH, count - from);
      for (let i = 0; i < size; i++) this.#keys.set(keyOf(from + i), i * TABLE_KEY.bytes);
      const { done, errno } = this.#libbpf.deleteBatch(this.#fd, this.#keys, size);
      from += done;
      if (errno === 0) continue;
      if (errno !== ENOENT) failures.push({ index: from, errno: errnoName(errno) });
      from++;
    }
    return failures;
  }

  /** Shows every entry; key and value are views that the next batch overwrites. */
  read(see: (key: Uint8Array, value: Uint8Array) => void): void {
    const position = new Uint32Array(1);
    let from: Uint32Array | null = null;
    for (let more = true; more; ) {
      const read = this.#libbpf.lookupBatch(
        this.#fd,
        from,
        position,
        this.#keys,
        this.#values,
        BATCH,
        'flows',
      );
      more = read >= 0;
      const count = more ? read : ~read;
      for (let i = 0; i < count; i++) {
        see(
          this.#keys.subarray(i * TABLE_KEY.bytes, (i + 1) * TABLE_KEY.bytes),
          this.#values.subarray(i * ENTRY.bytes, (i + 1) * ENTRY.bytes),
        );
      }
      from = position;
    }
  }
}
