import { errnoName } from './errors.ts';
import { KEY_WORDS } from './entry-table.ts';
import { VALUE_WORDS } from './entry-value.ts';
import type { Libbpf } from './libbpf.ts';
import type { PutBatch } from './put-batch.ts';

const ENOENT = 2;

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

  /**
   * Writes a batch, which must not change until then; up to this call the packets of its entries
   * went to the vSwitch.
   */
  async put(batch: PutBatch): Promise<WriteFailure[]> {
    const failures: WriteFailure[] = [];
    const nowNs = process.hrtime.bigint();
    batch.setTimes(nowNs, nowNs + this.#firstTrainNs);
    for (let from = 0; from < batch.count; ) {
      const keys = batch.keys.subarray(from * KEY_WORDS);
      const values = batch.values.subarray(from * VALUE_WORDS);
      const size = batch.count - from;
      const { done, errno } = await this.#libbpf.updateBatch(this.#fd, keys, values, size);
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
