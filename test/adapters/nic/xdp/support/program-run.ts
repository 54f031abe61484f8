import koffi from 'koffi';
import { BpfPrograms } from '../../../../../adapters/nic/core/bpf-programs.ts';
import { Libbpf } from '../../../../../adapters/nic/core/libbpf.ts';
import { Maps, sizesFor } from '../../../../../adapters/nic/core/maps.ts';
import { PROGRAMS } from '../../../../../adapters/nic/xdp/programs.ts';
import { Stalls } from '../../../../../adapters/nic/xdp/stalls.ts';
import { xdpLoader } from '../../../../../adapters/nic/xdp/xdp-hook.ts';

/** What the program says of a packet (`enum xdp_action`). */
export const VERDICT = { aborted: 0, drop: 1, pass: 2, tx: 3, redirect: 4 } as const;

/** What became of a packet. */
export interface RunResult {
  readonly verdict: number;
  readonly bytes: Buffer;
}

/**
 * Runs the program on packets without a network (BPF_PROG_TEST_RUN), with the maps that a
 * backend of this process has pinned.
 */
export class ProgramRun {
  readonly #options = koffi.struct({
    sz: 'size_t',
    dataIn: 'void *',
    dataOut: 'void *',
    dataSizeIn: 'uint32',
    dataSizeOut: 'uint32',
    ctxIn: 'void *',
    ctxOut: 'void *',
    ctxSizeIn: 'uint32',
    ctxSizeOut: 'uint32',
    retval: 'uint32',
    repeat: 'int',
    duration: 'uint32',
    flags: 'uint32',
    cpu: 'uint32',
    batchSize: 'uint32',
  });
  readonly #run = koffi
    .load('libbpf.so.1')
    .func('bpf_prog_test_run_opts', 'int', ['int', koffi.inout(koffi.pointer(this.#options))]);
  readonly #libbpf: Libbpf;
  readonly #maps: Maps;
  readonly #fd: number;
  readonly #out = Buffer.alloc(4096);

  private constructor(libbpf: Libbpf, maps: Maps, fd: number) {
    this.#libbpf = libbpf;
    this.#maps = maps;
    this.#fd = fd;
  }

  /** Loads the program with the maps that a backend has pinned. */
  static async load(pinPath: string, objectPath: string, entries: number): Promise<ProgramRun> {
    const libbpf = new Libbpf();
    const maps = Maps.open(libbpf, pinPath, sizesFor(entries));
    if (maps === undefined) throw new Error(`nothing pinned at ${pinPath}`);
    const stalls = Stalls.open(libbpf, pinPath, true);
    const programs = new BpfPrograms();
    const loader = await xdpLoader({ programs, maps, stalls, objectPath });
    const plain = { name: PROGRAMS.plain };
    const fd = await loader.withProgram(plain, (loaded) => libbpf.duplicate(loaded));
    stalls.close();
    return new ProgramRun(libbpf, maps, fd);
  }

  /**
   * `ifindex`: device the packet seems to come in by; it must run the program natively.
   * `repeat`: runs, each on what the one before made of the packet.
   */
  run(packet: Buffer, ifindex: number, repeat = 1): RunResult {
    // struct xdp_md: data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex.
    const ctx = Uint32Array.of(0, packet.length, 0, ifindex, 0, 0);
    const options = {
      sz: koffi.sizeof(this.#options),
      dataIn: packet,
      dataOut: this.#out,
      dataSizeIn: packet.length,
      dataSizeOut: this.#out.length,
      ctxIn: ctx,
      ctxOut: null,
      ctxSizeIn: ctx.byteLength,
      ctxSizeOut: 0,
      retval: 0,
      repeat,
      duration: 0,
      flags: 0,
      cpu: 0,
      batchSize: 0,
    };
    const result: number = this.#run(this.#fd, options);
    if (result < 0) throw new Error(`bpf_prog_test_run_opts: ${result}`);
    return {
      verdict: options.retval,
      bytes: Buffer.from(this.#out.subarray(0, options.dataSizeOut)),
    };
  }

  close(): void {
    this.#libbpf.close(this.#fd);
    this.#maps.close();
  }
}
