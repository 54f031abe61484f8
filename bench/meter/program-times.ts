import koffi from 'koffi';
import { closeSync } from 'node:fs';

/** `BPF_STATS_RUN_TIME`. */
const RUN_TIME = 0;
/** `BPF_PROG_TYPE_SCHED_CLS`, and the place of a link at tcx ingress. */
const SCHED_CLS = 3;
const TCX_INGRESS = 46;
/** r0 = -1 (TCX_NEXT); exit */
const EMPTY = Buffer.from('b7000000ffffffff9500000000000000', 'hex');
/** Offsets in `struct bpf_prog_info` (linux/bpf.h). */
const INFO = { runTimeNs: 192, runCount: 200, bytes: 224 } as const;

/** Run time of a program so far. */
export interface RunTime {
  readonly ns: number;
  readonly runs: number;
}

/** Measures how long programs run, as the kernel does while {@link close} has not been called. */
export class ProgramTimes {
  readonly #lib = koffi.load('libbpf.so.1');
  readonly #byId = this.#lib.func('int bpf_prog_get_fd_by_id(uint32_t id)');
  readonly #info = this.#lib.func('int bpf_obj_get_info_by_fd(int fd, void *info, void *length)');
  readonly #fds: number[] = [];

  constructor() {
    const fd: number = this.#lib.func('int bpf_enable_stats(int type)')(RUN_TIME);
    if (fd < 0) throw new Error(`bpf_enable_stats: errno ${-fd}`);
    this.#fds.push(fd);
  }

  /** Run time of the program with that id. */
  of(id: number): RunTime {
    const fd: number = this.#byId(id);
    if (fd < 0) throw new Error(`bpf_prog_get_fd_by_id: errno ${-fd}`);
    try {
      return this.#read(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** Attaches a program that does nothing to a device. Its run time is that of measuring. */
  attachEmpty(ifindex: number): () => RunTime {
    const load = this.#lib.func(
      'int bpf_prog_load(int type, const char *name, const char *license, const void *insns, size_t count, void *opts)',
    );
    const attach = this.#lib.func(
      'int bpf_link_create(int prog, int ifindex, int type, const void *opts)',
    );
    const program: number = load(SCHED_CLS, 'empty', 'GPL', EMPTY, EMPTY.length / 8, null);
    const link: number = attach(program, ifindex, TCX_INGRESS, null);
    if (program < 0 || link < 0) throw new Error(`an empty program: errno ${-program}, ${-link}`);
    this.#fds.push(link, program);
    return () => this.#read(program);
  }

  close(): void {
    for (const fd of this.#fds) closeSync(fd);
  }

  #read(fd: number): RunTime {
    const info = Buffer.alloc(INFO.bytes);
    const result: number = this.#info(fd, info, Uint32Array.of(info.length));
    if (result < 0) throw new Error(`bpf_obj_get_info_by_fd: errno ${-result}`);
    const at = (offset: number): number => Number(info.readBigUInt64LE(offset));
    return { ns: at(INFO.runTimeNs), runs: at(INFO.runCount) };
  }
}

/** Mean time of the runs between two readings, ns. */
export function perRun(before: RunTime, after: RunTime): number {
  return (after.ns - before.ns) / (after.runs - before.runs);
}
