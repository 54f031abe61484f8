import koffi from 'koffi';
import { SystemCallFailed } from './errors.ts';
import { checked, ENOENT, inWorker, loadClose, loadLibbpf } from './libbpf-library.ts';

/** Information about a map (`struct bpf_map_info`). */
export interface MapInfo {
  readonly type: number;
  readonly id: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
}

/** Result of a batch call: elements done, and the errno it stopped with (0: all done). */
export interface BatchResult {
  readonly done: number;
  readonly errno: number;
}

function symbols() {
  const lib = loadLibbpf();
  return {
    numCpus: lib.func('int libbpf_num_possible_cpus()'),
    version: lib.func('const char *libbpf_version_string()'),
    create: lib.func(
      'int bpf_map_create(int type, const char *name, uint32_t key, uint32_t value, uint32_t max, const void *opts)',
    ),
    update: lib.func('int bpf_map_update_elem(int fd, const void *key, const void *v, uint64_t f)'),
    lookup: lib.func('int bpf_map_lookup_elem(int fd, const void *key, void *value)'),
    remove: lib.func('int bpf_map_delete_elem(int fd, const void *key)'),
    updateBatch: lib.func(
      'int bpf_map_update_batch(int fd, const void *keys, const void *values, void *count, const void *opts)',
    ),
    lookupBatch: lib.func(
      'int bpf_map_lookup_batch(int fd, void *in, void *out, void *keys, void *values, void *count, const void *opts)',
    ),
    deleteBatch: lib.func(
      'int bpf_map_delete_batch(int fd, const void *keys, void *count, const void *opts)',
    ),
    nextKey: lib.func('int bpf_map_get_next_key(int fd, const void *key, void *next)'),
    mapById: lib.func('int bpf_map_get_fd_by_id(uint32_t id)'),
    pin: lib.func('int bpf_obj_pin(int fd, const char *path)'),
    get: lib.func('int bpf_obj_get(const char *path)'),
    info: lib.func('int bpf_obj_get_info_by_fd(int fd, void *info, void *length)'),
    dup: koffi.load(null).func('int dup(int fd)'),
    close: loadClose(),
  };
}

/**
 * Maps and descriptors through libbpf 1.x. Calls throw {@link SystemCallFailed} unless they say
 * otherwise; integers in buffers are in the machine's byte order.
 */
export class Libbpf {
  readonly #c = symbols();
  readonly #count = new Uint32Array(1);

  /** Version, as `v1.1`. */
  version(): string {
    return String(this.#c.version());
  }

  /** Possible CPUs; a per-CPU map has one value for each. */
  possibleCpus(): number {
    return checked('libbpf_num_possible_cpus', this.#c.numCpus(), '');
  }

  /** Creates a map. `innerFd`: template of a map of maps, else -1. */
  createMap(
    type: number,
    name: string,
    keySize: number,
    valueSize: number,
    maxEntries: number,
    innerFd = -1,
  ): number {
    // struct bpf_map_create_opts: size_t sz, 4 BTF words, then inner_map_fd.
    const opts = new DataView(new ArrayBuffer(48));
    opts.setBigUint64(0, 48n, true);
    opts.setUint32(24, Math.max(innerFd, 0), true);
    const given = innerFd < 0 ? null : new Uint8Array(opts.buffer);
    const fd: number = this.#c.create(type, name, keySize, valueSize, maxEntries, given);
    return checked('bpf_map_create', fd, `map ${name}, ${maxEntries} entries`);
  }

  /** Sets one element. */
  update(fd: number, key: Uint8Array, value: Uint8Array, about: string): void {
    checked('bpf_map_update_elem', this.#c.update(fd, key, value, 0n), about);
  }

  /** Sets one element from a worker thread: for updates that wait for running programs. */
  async updateWaiting(
    fd: number,
    key: Uint8Array,
    value: Uint8Array,
    about: string,
  ): Promise<void> {
    const errno = await inWorker([key, value], (done) =>
      this.#c.update.async(fd, key, value, 0n, done),
    );
    if (errno !== 0) throw new SystemCallFailed('bpf_map_update_elem', errno, about);
  }

  /** Reads one element into `value`; false when it is not there. */
  lookup(fd: number, key: Uint8Array, value: Uint8Array, about: string): boolean {
    const result: number = this.#c.lookup(fd, key, value);
    if (result === -ENOENT) return false;
    checked('bpf_map_lookup_elem', result, about);
    return true;
  }

  /** Removes one element; false when it was not there. */
  remove(fd: number, key: Uint8Array, about: string): boolean {
    const result: number = this.#c.remove(fd, key);
    if (result === -ENOENT) return false;
    checked('bpf_map_delete_elem', result, about);
    return true;
  }

  /** Writes the key that follows `key` (null: the first) into `next`; false at the end. */
  nextKey(fd: number, key: Uint8Array | null, next: Uint8Array, about: string): boolean {
    const result: number = this.#c.nextKey(fd, key, next);
    if (result === -ENOENT) return false;
    checked('bpf_map_get_next_key', result, about);
    return true;
  }

  /**
   * Sets `count` elements from a worker thread; resolves to its progress. The buffers must not change
   * until then. Rejects only when the call cannot be made.
   */
  async updateBatch(
    fd: number,
    keys: Uint32Array,
    values: Uint32Array,
    count: number,
  ): Promise<BatchResult> {
    const done = Uint32Array.of(count);
    const errno = await inWorker([keys, values, done], (settled) =>
      this.#c.updateBatch.async(fd, keys, values, done, null, settled),
    );
    return { done: done[0], errno };
  }

  /** Sets `count` elements, all of them. */
  updateAll(
    fd: number,
    keys: Uint32Array,
    values: Uint32Array,
    count: number,
    about: string,
  ): void {
    this.#count[0] = count;
    const result: number = this.#c.updateBatch(fd, keys, values, this.#count, null);
    checked('bpf_map_update_batch', result, about);
  }

  /** Removes `count` elements; returns its progress. Does not throw. */
  deleteBatch(fd: number, keys: Uint32Array, count: number): BatchResult {
    this.#count[0] = count;
    const result: number = this.#c.deleteBatch(fd, keys, this.#count, null);
    return { done: this.#count[0], errno: -result };
  }

  /**
   * Reads up to `count` elements from `from` on (null: from the start), and writes where to
   * continue to `position`. Returns the number read; negative: as many as its complement, and they
   * were the last.
   */
  lookupBatch(
    fd: number,
    from: Uint32Array | null,
    position: Uint32Array,
    keys: Uint32Array,
    values: Uint32Array,
    count: number,
    about: string,
  ): number {
    this.#count[0] = count;
    const result: number = this.#c.lookupBatch(fd, from, position, keys, values, this.#count, null);
    if (result === -ENOENT) return ~this.#count[0];
    checked('bpf_map_lookup_batch', result, about);
    return this.#count[0];
  }

  /**
   * Reads like {@link lookupBatch}, from a worker thread. The buffers must not change until it is
   * done.
   */
  async lookupBatchInWorker(
    fd: number,
    from: Uint32Array | null,
    position: Uint32Array,
    keys: Uint32Array,
    values: Uint32Array,
    count: number,
    about: string,
  ): Promise<{ readonly count: number; readonly isLast: boolean }> {
    const read = Uint32Array.of(count);
    const errno = await inWorker([position, keys, values, read], (done) =>
      this.#c.lookupBatch.async(fd, from, position, keys, values, read, null, done),
    );
    if (errno !== 0 && errno !== ENOENT) {
      throw new SystemCallFailed('bpf_map_lookup_batch', errno, about);
    }
    return { count: read[0], isLast: errno === ENOENT };
  }

  /** A new descriptor of the map with that id. Requires CAP_SYS_ADMIN. */
  mapFdById(id: number): number {
    return checked('bpf_map_get_fd_by_id', this.#c.mapById(id), `map id ${id}`);
  }

  /** Pins a map or program in the BPF file system. */
  pin(fd: number, path: string): void {
    checked('bpf_obj_pin', this.#c.pin(fd, path), path);
  }

  /** A new descriptor of the map or program pinned at `path`, or undefined. */
  pinned(path: string): number | undefined {
    const fd: number = this.#c.get(path);
    if (fd === -ENOENT) return undefined;
    return checked('bpf_obj_get', fd, path);
  }

  /** Information about a map. */
  mapInfo(fd: number): MapInfo {
    const words = new Uint32Array(20);
    this.#count[0] = words.byteLength;
    checked('bpf_obj_get_info_by_fd', this.#c.info(fd, words, this.#count), 'map');
    const [type, id, keySize, valueSize, maxEntries] = words;
    return { type, id, keySize, valueSize, maxEntries };
  }

  /** A second descriptor of the same object. */
  duplicate(fd: number): number {
    return checked('dup', this.#c.dup(fd), `descriptor ${fd}`);
  }

  /** Closes a descriptor. */
  close(fd: number): void {
    this.#c.close(fd);
  }
}
