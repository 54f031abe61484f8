import koffi from 'koffi';
import { SystemCallFailed } from './errors.ts';
import { checked, ENOENT, inWorker, loadClose, loadLibbpf } from './libbpf-library.ts';

/** An opaque pointer from koffi. */
export type Pointer = bigint;

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

function symbols() {
  const lib = loadLibbpf();
  return {
    progById: lib.func('int bpf_prog_get_fd_by_id(uint32_t id)'),
    info: lib.func('int bpf_obj_get_info_by_fd(int fd, void *info, void *length)'),
    open: lib.func('void *bpf_object__open_mem(const void *bytes, size_t size, const void *opts)'),
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
    tracepoint: lib.func('int bpf_raw_tracepoint_open(const char *name, int fd)'),
    run: lib.func('int bpf_prog_test_run_opts(int fd, void *opts)'),
    close: loadClose(),
  };
}

/**
 * BPF objects and programs through libbpf 1.x. Calls throw {@link SystemCallFailed} unless they say
 * otherwise.
 */
export class BpfPrograms {
  readonly #c = symbols();
  readonly #count = new Uint32Array(1);

  /** Information about the loaded program with that id. Requires CAP_SYS_ADMIN. */
  programById(id: number): ProgramInfo {
    const fd = checked('bpf_prog_get_fd_by_id', this.#c.progById(id), `program ${id}`);
    try {
      return this.programInfo(fd);
    } finally {
      this.#c.close(fd);
    }
  }

  /** Information about a program. */
  programInfo(fd: number): ProgramInfo {
    const ids = new Uint32Array(MAX_MAP_IDS);
    const info = Buffer.alloc(PROGRAM_INFO.bytes);
    info.writeUInt32LE(MAX_MAP_IDS, PROGRAM_INFO.mapCount);
    info.writeBigUInt64LE(koffi.address(ids), PROGRAM_INFO.mapIds);
    this.#count[0] = info.length;
    checked('bpf_obj_get_info_by_fd', this.#c.info(fd, info, this.#count), 'program');
    const name = info.subarray(PROGRAM_INFO.name);
    const used = Math.min(info.readUInt32LE(PROGRAM_INFO.mapCount), MAX_MAP_IDS);
    return {
      id: info.readUInt32LE(PROGRAM_INFO.id),
      name: name.subarray(0, name.indexOf(0)).toString('latin1'),
      tag: info.subarray(PROGRAM_INFO.tag, PROGRAM_INFO.tag + TAG_BYTES).toString('hex'),
      mapIds: [...ids.subarray(0, used)],
    };
  }

  /** Opens the bytes of an object file, which must live until it is closed; null when they are not one. */
  openObject(bytes: Uint8Array): Pointer | null {
    const object: Pointer | null = this.#c.open(bytes, bytes.length, null);
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
    return inWorker([], (done) => this.#c.load.async(object, done));
  }

  /** Makes the object use an existing map for the one it names. */
  useMap(object: Pointer, name: string, fd: number): void {
    const map: Pointer | null = this.#c.mapByName(object, name);
    const result: number = map === null ? -ENOENT : this.#c.reuseFd(map, fd);
    checked('bpf_map__reuse_fd', result, `map ${name}`);
  }

  program(object: Pointer, name: string): Pointer {
    const program: Pointer | null = this.#c.progByName(object, name);
    if (program === null) {
      throw new SystemCallFailed('bpf_object__find_program_by_name', ENOENT, name);
    }
    return program;
  }

  programFd(program: Pointer): number {
    return checked('bpf_program__fd', this.#c.progFd(program), '');
  }

  skipProgram(program: Pointer): void {
    checked('bpf_program__set_autoload', this.#c.autoload(program, false), '');
  }

  /**
   * Binds a program to a device (`BPF_F_XDP_DEV_BOUND_ONLY`), so that it may call the driver's
   * metadata kfuncs.
   */
  bindProgram(program: Pointer, ifindex: number): void {
    this.#c.progIfindex(program, ifindex);
    checked('bpf_program__set_flags', this.#c.progFlags(program, 1 << 6), '');
  }

  /** Sets the buffer for the verifier's log; it must live until the object is loaded. */
  logInto(program: Pointer, buffer: Uint8Array): void {
    const result: number = this.#c.progLog(program, buffer, buffer.length);
    checked('bpf_program__set_log_buf', result, '');
  }

  /** Runs a program at a tracepoint for as long as the returned descriptor is open. */
  openTracepoint(name: string, programFd: number): number {
    return checked('bpf_raw_tracepoint_open', this.#c.tracepoint(name, programFd), name);
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
    checked('bpf_prog_test_run_opts', result, about);
    return opts.readUInt32LE(RUN_OPTS.result);
  }
}
