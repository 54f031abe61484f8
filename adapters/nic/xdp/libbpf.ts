import koffi from 'koffi';
import type { LibraryHandle } from 'koffi';
import { LibbpfMissing, SystemCallFailed } from './errors.ts';

/** An opaque pointer from koffi. */
export type Pointer = bigint;

const ENOENT = 2;

/** Information about a map (`struct bpf_map_info`). */
export interface MapInfo {
  readonly type: number;
  readonly id: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
}

/** Information about a program (`struct bpf_prog_info`). */
export interface ProgramInfo {
  readonly id: number;
  /** 15 characters at most. */
  readonly name: string;
  /** Hex; the same for the same instructions, whatever maps they use. */
  readonly tag: string;
  readonly mapIds: readonly number[];
}

/** Offsets in `struct bpf_prog_info` of the fields that are read. */
const PROGRAM_INFO = { id: 4, tag: 8, mapCount: 52, mapIds: 56, name: 64, bytes: 80 } as const;
/**
 * Offsets in `struct bpf_test_run_opts` (`bpf/bpf.h`): its size, two data pointers and two sizes,
 * then these.
 */
const RUN_OPTS = { contextIn: 32, contextSizeIn: 48, result: 56, bytes: 80 } as const;
const TAG_BYTES = 8;
const MAX_MAP_IDS = 64;

/** Result of a batch call: elements done, and the errno it stopped with (0: all done). */
export interface BatchResult {
  readonly done: number;
  readonly errno: number;
}

function symbols() {
  let lib: LibraryHandle;
  try {
    lib = koffi.load('libbpf.so.1');
  } catch (error) {
    throw new LibbpfMissing(error);
  }
  // Without a printer libbpf is silent: what it would print is in errno and the verifier's log.
  lib.func('void *libbpf_set_print(void *)')(null);
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
    progById: lib.func('int bpf_prog_get_fd_by_id(uint32_t id)'),
    pin: lib.func('int bpf_obj_pin(int fd, const char *path)'),
    get: lib.func('int bpf_obj_get(const char *path)'),
    info: lib.func('int bpf_obj_get_info_by_fd(int fd, void *info, void *length)'),
    open: lib.func('void *bpf_object__open_file(const char *path, const void *opts)'),
    load: lib.func('int bpf_object__load(void *obj)'),
    closeObject: lib.func('void bpf_object__close(void *obj)'),
    reuseFd: lib.func('int bpf_map__reuse_fd(void *map, int fd)'),
    mapByName: lib.func('void *bpf_object__find_map_by_name(void *obj, const char *name)'),
    progByName: lib.func('void *bpf_object__find_program_by_name(void *obj, const char *name)'),
    progFd: lib.func('int bpf_program__fd(void *prog)'),
    autoload: lib.func('int bpf_program__set_autoload(void *prog, bool on)'),
    progIfindex: lib.func('void bpf_program__set_ifindex(void *prog, uint32_t ifindex)'),
    progFlags: lib.func('int bpf_program__set_flags(void *prog, uint32_t flags)'),
    progLog: lib.func('int bpf_program__set_log_buf(void *prog, void *buffer, size_t size)'),
    attach: lib.func('int bpf_xdp_attach(int ifindex, int fd, uint32_t flags, const void *opts)'),
    detach: lib.func('int bpf_xdp_detach(int ifindex, uint32_t flags, const void *opts)'),
    tracepoint: lib.func('int bpf_raw_tracepoint_open(const char *name, int fd)'),
    query: lib.func('int bpf_xdp_query(int ifindex, int flags, void *opts)'),
    progQuery: lib.func(
      'int bpf_prog_query(int target, int type, uint32_t flags, void *attachFlags, void *ids, void *count)',
    ),
    run: lib.func('int bpf_prog_test_run_opts(int fd, void *opts)'),
    libcDup: koffi.load(null).func('int dup(int fd)'),
    libcClose: koffi.load(null).func('int close(int fd)'),
  };
}

/** The errno with which a call in a worker thread ends, 0 on success. */
function errnoOf(call: (done: (error: unknown, result: number) => void) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    call((error, result) => {
      if (error instanceof Error) reject(error);
      else resolve(result < 0 ? -result : 0);
    });
  });
}

/**
 * The part of libbpf 1.x that the backend uses. Calls throw {@link SystemCallFailed} unless they
 * say otherwise; integers in buffers are in the machine's byte order.
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
    return this.#checked('libbpf_num_possible_cpus', this.#c.numCpus(), '');
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
    return this.#checked('bpf_map_create', fd, `map ${name}, ${maxEntries} entries`);
  }

  /** Sets one element. */
  update(fd: number, key: Uint8Array, value: Uint8Array, about: string): void {
    this.#checked('bpf_map_update_elem', this.#c.update(fd, key, value, 0n), about);
  }

  /** Sets one element from a worker thread: for updates that wait for running programs. */
  async updateWaiting(
    fd: number,
    key: Uint8Array,
    value: Uint8Array,
    about: string,
  ): Promise<void> {
    const errno = await errnoOf((done) => this.#c.update.async(fd, key, value, 0n, done));
    if (errno !== 0) throw new SystemCallFailed('bpf_map_update_elem', errno, about);
  }

  /** Reads one element into `value`; false when it is not there. */
  lookup(fd: number, key: Uint8Array, value: Uint8Array, about: string): boolean {
    const result: number = this.#c.lookup(fd, key, value);
    if (result === -ENOENT) return false;
    this.#checked('bpf_map_lookup_elem', result, about);
    return true;
  }

  /** Removes one element; false when it was not there. */
  remove(fd: number, key: Uint8Array, about: string): boolean {
    const result: number = this.#c.remove(fd, key);
    if (result === -ENOENT) return false;
    this.#checked('bpf_map_delete_elem', result, about);
    return true;
  }

  /** Writes the key that follows `key` (null: the first) into `next`; false at the end. */
  nextKey(fd: number, key: Uint8Array | null, next: Uint8Array, about: string): boolean {
    const result: number = this.#c.nextKey(fd, key, next);
    if (result === -ENOENT) return false;
    this.#checked('bpf_map_get_next_key', result, about);
    return true;
  }

  /** Sets `count` elements; returns its progress. Does not throw. */
  updateBatch(fd: number, keys: Uint32Array, values: Uint32Array, count: number): BatchResult {
    this.#count[0] = count;
    const result: number = this.#c.updateBatch(fd, keys, values, this.#count, null);
    return { done: this.#count[0], errno: -result };
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
    this.#checked('bpf_map_update_batch', result, about);
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
    this.#checked('bpf_map_lookup_batch', result, about);
    return this.#count[0];
  }

  /** A new descriptor of the map with that id. Requires CAP_SYS_ADMIN. */
  mapFdById(id: number): number {
    return this.#checked('bpf_map_get_fd_by_id', this.#c.mapById(id), `map id ${id}`);
  }

  /** Pins a map or program in the BPF file system. */
  pin(fd: number, path: string): void {
    this.#checked('bpf_obj_pin', this.#c.pin(fd, path), path);
  }

  /** A new descriptor of the map or program pinned at `path`, or undefined. */
  pinned(path: string): number | undefined {
    const fd: number = this.#c.get(path);
    if (fd === -ENOENT) return undefined;
    return this.#checked('bpf_obj_get', fd, path);
  }

  /** Information about a map. */
  mapInfo(fd: number): MapInfo {
    const words = new Uint32Array(20);
    this.#count[0] = words.byteLength;
    this.#checked('bpf_obj_get_info_by_fd', this.#c.info(fd, words, this.#count), 'map');
    const [type, id, keySize, valueSize, maxEntries] = words;
    return { type, id, keySize, valueSize, maxEntries };
  }

  /** Information about the loaded program with that id. Requires CAP_SYS_ADMIN. */
  programById(id: number): ProgramInfo {
    const fd = this.#checked('bpf_prog_get_fd_by_id', this.#c.progById(id), `program ${id}`);
    try {
      return this.programInfo(fd);
    } finally {
      this.close(fd);
    }
  }

  /** Information about a program. */
  programInfo(fd: number): ProgramInfo {
    const ids = new Uint32Array(MAX_MAP_IDS);
    const info = Buffer.alloc(PROGRAM_INFO.bytes);
    info.writeUInt32LE(MAX_MAP_IDS, PROGRAM_INFO.mapCount);
    info.writeBigUInt64LE(koffi.address(ids), PROGRAM_INFO.mapIds);
    this.#count[0] = info.length;
    this.#checked('bpf_obj_get_info_by_fd', this.#c.info(fd, info, this.#count), 'program');
    const name = info.subarray(PROGRAM_INFO.name);
    const used = Math.min(info.readUInt32LE(PROGRAM_INFO.mapCount), MAX_MAP_IDS);
    return {
      id: info.readUInt32LE(PROGRAM_INFO.id),
      name: name.subarray(0, name.indexOf(0)).toString('latin1'),
      tag: info.subarray(PROGRAM_INFO.tag, PROGRAM_INFO.tag + TAG_BYTES).toString('hex'),
      mapIds: [...ids.subarray(0, used)],
    };
  }

  /** Opens an object file; null when it cannot be read. */
  openObject(path: string): Pointer | null {
    const object: Pointer | null = this.#c.open(path, null);
    return object;
  }

  closeObject(object: Pointer): void {
    this.#c.closeObject(object);
  }

  /**
   * Loads the programs into the kernel, in a worker thread: the verifier takes some 100 ms of CPU
   * time. Resolves to the errno, 0 on success.
   */
  loadObject(object: Pointer): Promise<number> {
    return errnoOf((done) => this.#c.load.async(object, done));
  }

  /** Makes the object use an existing map for the one it names. */
  useMap(object: Pointer, name: string, fd: number): void {
    const map: Pointer | null = this.#c.mapByName(object, name);
    const result: number = map === null ? -ENOENT : this.#c.reuseFd(map, fd);
    this.#checked('bpf_map__reuse_fd', result, `map ${name}`);
  }

  program(object: Pointer, name: string): Pointer {
    const program: Pointer | null = this.#c.progByName(object, name);
    if (program === null) {
      throw new SystemCallFailed('bpf_object__find_program_by_name', ENOENT, name);
    }
    return program;
  }

  programFd(program: Pointer): number {
    return this.#checked('bpf_program__fd', this.#c.progFd(program), '');
  }

  skipProgram(program: Pointer): void {
    this.#checked('bpf_program__set_autoload', this.#c.autoload(program, false), '');
  }

  /**
   * Binds a program to a device (`BPF_F_XDP_DEV_BOUND_ONLY`), so that it may call the driver's
   * metadata kfuncs.
   */
  bindProgram(program: Pointer, ifindex: number): void {
    this.#c.progIfindex(program, ifindex);
    this.#checked('bpf_program__set_flags', this.#c.progFlags(program, 1 << 6), '');
  }

  /** Sets the buffer for the verifier's log; it must live until the object is loaded. */
  logInto(program: Pointer, buffer: Uint8Array): void {
    const result: number = this.#c.progLog(program, buffer, buffer.length);
    this.#checked('bpf_program__set_log_buf', result, '');
  }

  /**
   * Attaches or atomically replaces, in a worker thread: it waits for the kernel's network lock.
   * Resolves to the errno, 0 on success.
   */
  attachXdp(ifindex: number, programFd: number, flags: number): Promise<number> {
    return errnoOf((done) => this.#c.attach.async(ifindex, programFd, flags, null, done));
  }

  /** Detaches; returns the errno, 0 on success. */
  detachXdp(ifindex: number, flags: number): number {
    const result: number = this.#c.detach(ifindex, flags, null);
    return Math.abs(result);
  }

  /** Runs a program at a tracepoint for as long as the returned descriptor is open. */
  openTracepoint(name: string, programFd: number): number {
    return this.#checked('bpf_raw_tracepoint_open', this.#c.tracepoint(name, programFd), name);
  }

  /** Ids of the XDP programs on a device, 0 for none. */
  queryXdp(ifindex: number): { readonly native: number; readonly generic: number } {
    // struct bpf_xdp_query_opts: size_t sz, then prog_id, drv_, hw_, skb_prog_id.
    const opts = new Uint32Array(8);
    opts[0] = opts.byteLength;
    this.#checked('bpf_xdp_query', this.#c.query(ifindex, 0, opts), `ifindex ${ifindex}`);
    return { native: opts[3], generic: opts[5] };
  }

  /**
   * Programs attached to a device by an attach type of tcx (`enum bpf_attach_type`); 0 where the
   * kernel does not know the type or the device is gone.
   */
  countPrograms(ifindex: number, attachType: number): number {
    this.#count[0] = 0;
    const result = this.#c.progQuery(ifindex, attachType, 0, null, null, this.#count);
    return result < 0 ? 0 : this.#count[0];
  }

  /**
   * Runs a program of type `syscall` with `context`, which it may change; returns its result.
   */
  runProgram(programFd: number, context: BigUint64Array, about: string): number {
    const opts = Buffer.alloc(RUN_OPTS.bytes);
    opts.writeBigUInt64LE(BigInt(RUN_OPTS.bytes), 0);
    opts.writeBigUInt64LE(koffi.address(context), RUN_OPTS.contextIn);
    opts.writeUInt32LE(context.byteLength, RUN_OPTS.contextSizeIn);
    const result: number = this.#c.run(programFd, opts);
    this.#checked('bpf_prog_test_run_opts', result, about);
    return opts.readUInt32LE(RUN_OPTS.result);
  }

  /** A second descriptor of the same object. */
  duplicate(fd: number): number {
    return this.#checked('dup', this.#c.libcDup(fd), `descriptor ${fd}`);
  }

  /** Closes a descriptor. */
  close(fd: number): void {
    this.#c.libcClose(fd);
  }

  #checked(call: string, result: number, about: string): number {
    if (result < 0) throw new SystemCallFailed(call, -result, about);
    return result;
  }
}
