import { errnoName } from './errors.ts';
import { KEY_WORDS, VALUE_WORDS } from './entry-table.ts';
import type { EntryTable } from './entry-table.ts';
import { ENTRY } from './entry-value.ts';
import type { Libbpf } from './libbpf.ts';

const ENOENT = 2;
/** Word of `last_left_ns`, which `train_until_ns` follows. */
const TIMES = ENTRY.lastLeftNs / 4;

/** Elements of one batch call: a few ms in the kernel at most. */
const BATCH = 4096;

/** A failure of one element. */
export interface WriteFailure {
  /** Index into the given slots or keys. */
  readonly index: number;
  readonly errno: string;
}

/**
 * Receives an entry: the arrays with the words of keys and values, and its offsets in them. The
 * arrays are valid until it returns.
 */
export type VisitEntry = (
  keys: Uint32Array,
  keyAt: number,
  values: Uint32Array,
  valueAt: number,
) => void;

/** The flow table in the kernel, in batches. */
export class FlowMap {
  readonly #libbpf: Libbpf;
  readonly #fd: number;
  readonly #firstTrainNs: bigint;
  readonly #keys = new Uint32Array(BATCH * KEY_WORDS);
  readonly #values = new Uint32Array(BATCH * VALUE_WORDS);

  /**
   * @param firstTrainMs longest time after its installation that an entry waits for a gap in its
   *   flow before it takes packets, so that they do not overtake those that the vSwitch still has
   */
  constructor(libbpf: Libbpf, fd: number, firstTrainMs: number) {
    this.#libbpf = libbpf;
    this.#fd = fd;
    this.#firstTrainNs = BigInt(firstTrainMs) * 1_000_000n;
  }

  /** Writes the entries of these slots; until `nowNs` their packets went to the vSwitch. */
  put(entries: EntryTable, slots: Int32Array, nowNs: bigint): WriteFailure[] {
    const failures: WriteFailure[] = [];
    const times = new Uint32Array(BigUint64Array.of(nowNs, nowNs + this.#firstTrainNs).buffer);
    for (let from = 0; from < slots.length; ) {
      const size = Math.min(BATCH, slots.length - from);
      for (let i = 0; i < size; i++) {
        entries.copyKey(slots[from + i], this.#keys, i * KEY_WORDS);
        entries.copyValue(slots[from + i], this.#values, i * VALUE_WORDS);
        for (let k = 0; k < times.length; k++) this.#values[i * VALUE_WORDS + TIMES + k] = times[k];
      }
      const { done, errno } = this.#libbpf.updateBatch(this.#fd, this.#keys, this.#values, size);
      from += done;
      if (errno === 0) continue;
      failures.push({ index: from, errno: errnoName(errno) });
      from++;
    }
    return failures;
  }

  /** Deletes `count` consecutive keys; an absent one is not a failure. */
  delete(keys: Uint32Array, count: number): WriteFailure[] {
    const failures: WriteFailure[] = [];
    for (let from = 0; from < count; ) {
      const size = Math.min(BATCH, count - from);
      const part = keys.subarray(from * KEY_WORDS, (from + size) * KEY_WORDS);
      const { done, errno } = this.#libbpf.deleteBatch(this.#fd, part, size);
      from += done;
      if (errno === 0) continue;
      if (errno !== ENOENT) failures.push({ index: from, errno: errnoName(errno) });
      from++;
    }
    return failures;
  }

  /** Visits every entry. */
  read(visit: VisitEntry): void {
    const position = new Uint32Array(1);
    let from: Uint32Array | null = null;
    for (let more = true; more; from = position) {
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
      for (let i = 0; i < count; i++)
        visit(this.#keys, i * KEY_WORDS, this.#values, i * VALUE_WORDS);
    }
  }
}
