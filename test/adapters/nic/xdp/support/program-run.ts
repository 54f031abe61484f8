import koffi from 'koffi';
import { BpfPrograms } from '../../../../../adapters/nic/core/bpf-programs.ts';
import { Libbpf } from '../../../../../adapters/nic/core/libbpf.ts';
import { Maps, sizesFor } from '../../../../../adapters/nic/core/maps.ts';
import { LEASE_PROGRAM } from '../../../../../adapters/nic/core/lease.ts';
import { ProgramLoader } from '../../../../../adapters/nic/core/program-loader.ts';
import { PORT_REF, u32 } from '../../../../../adapters/nic/core/records.ts';
import { INGRESS_PROGRAM } from '../../../../../adapters/nic/tcx/ingress-attachment.ts';
import { PROGRAMS } from '../../../../../adapters/nic/xdp/programs.ts';
import { Arrival } from '../../../../../adapters/nic/xdp/arrival.ts';
import { Stalls } from '../../../../../adapters/nic/xdp/stalls.ts';
import { xdpLoader } from '../../../../../adapters/nic/xdp/xdp-hook.ts';

/** What the program says of a packet (`enum xdp_action`). */
export const VERDICT = { aborted: 0, drop: 1, pass: 2, tx: 3, redirect: 4 } as const;

/** What the program at tc ingress says of a packet (`TC_ACT_*`), as an unsigned number. */
export const INGRESS_VERDICT = { pass: 0xffff_ffff, drop: 2, redirect: 7 } as const;

/** `BPF_F_TEST_SKB_CHECKSUM_COMPLETE`. */
const CHECKSUM_COMPLETE = 4;
const EINVAL = 22;
const EBADMSG = 74;

/** The context of a run on a packet that comes in by a device. */
type ContextOf = (packet: Buffer, ifindex: number) => Uint32Array;

// struct xdp_md: data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex.
const xdpContext: ContextOf = (packet, ifindex) =>
  Uint32Array.of(0, packet.length, 0, ifindex, 0, 0);

/** Words of `struct __sk_buff`, and where its ifindex is. */
const SKB = { words: 16, ifindex: 10 } as const;
const skbContext: ContextOf = (_, ifindex) => {
  const context = new Uint32Array(SKB.words);
  context[SKB.ifindex] = ifindex;
  return context;
};

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
  readonly #contextOf: ContextOf;
  readonly #out = Buffer.alloc(4096);

  private constructor(libbpf: Libbpf, maps: Maps, fd: number, contextOf: ContextOf) {
    this.#libbpf = libbpf;
    this.#maps = maps;
    this.#fd = fd;
    this.#contextOf = contextOf;
  }

  /** Loads the program at tc ingress with the maps that a backend has pinned. */
  static async loadIngress(
    pinPath: string,
    objectPath: string,
    entries: number,
  ): Promise<ProgramRun> {
    const libbpf = new Libbpf();
    const maps = Maps.open(libbpf, pinPath, sizesFor(entries));
    if (maps === undefined) throw new Error(`nothing pinned at ${pinPath}`);
    const objects = [{ path: objectPath, names: [INGRESS_PROGRAM, LEASE_PROGRAM] }];
    const programs = new BpfPrograms();
    const loader = await ProgramLoader.open({ programs, objects, maps: maps.byName() });
    const fd = await loader.withProgram({ name: INGRESS_PROGRAM }, (loaded) =>
      libbpf.duplicate(loaded),
    );
    return new ProgramRun(libbpf, maps, fd, skbContext);
  }

  /** Loads the XDP program with the maps that a backend has pinned. */
  static async load(pinPath: string, objectPath: string, entries: number): Promise<ProgramRun> {
    const libbpf = new Libbpf();
    const maps = Maps.open(libbpf, pinPath, sizesFor(entries));
    if (maps === undefined) throw new Error(`nothing pinned at ${pinPath}`);
    const stalls = Stalls.open(libbpf, pinPath, true);
    const arrival = new Arrival(libbpf, pinPath, true);
    const programs = new BpfPrograms();
    const loader = await xdpLoader({ programs, maps, stalls, arrival, objectPath });
    const plain = { name: PROGRAMS.plain };
    const fd = await loader.withProgram(plain, (loaded) => libbpf.duplicate(loaded));
    stalls.close();
    arrival.close();
    return new ProgramRun(libbpf, maps, fd, xdpContext);
  }

  /**
   * `ifindex`: device the packet seems to come in by; it must run the program natively.
   * `repeat`: runs, each on what the one before made of the packet.
   */
  run(packet: Buffer, ifindex: number, repeat = 1): RunResult {
    const { result, ...ran } = this.#runWith(packet, ifindex, repeat, 0);
    if (result < 0) throw new Error(`bpf_prog_test_run_opts: ${result}`);
    return ran;
  }

  /**
   * Runs the program at tc ingress on a packet whose device has summed it up (CHECKSUM_COMPLETE), and returns
   * whether the sum is right afterwards; undefined where the kernel cannot verify it.
   */
  keepsSum(packet: Buffer, ifindex: number): boolean | undefined {
    const { result } = this.#runWith(packet, ifindex, 1, CHECKSUM_COMPLETE);
    if (result === -EBADMSG) return false;
    if (result === -EINVAL) return undefined;
    if (result < 0) throw new Error(`bpf_prog_test_run_opts: ${result}`);
    return true;
  }

  #runWith(packet: Buffer, ifindex: number, repeat: number, flags: number) {
    const ctx = this.#contextOf(packet, ifindex);
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
      flags,
      cpu: 0,
      batchSize: 0,
    };
    const result: number = this.#run(this.#fd, options);
    return {
      result,
      verdict: options.retval,
      bytes: Buffer.from(this.#out.subarray(0, options.dataSizeOut)),
    };
  }

  /** Makes a device one whose packets have final checksums, as those from a wire have. */
  finishChecksums(ifindex: number): void {
    const key = u32(ifindex);
    const port = new Uint8Array(PORT_REF.bytes);
    this.#libbpf.lookup(this.#maps.fd.ports, key, port, 'ports');
    port[PORT_REF.flags] &= ~PORT_REF.checksumsOpen;
    this.#libbpf.update(this.#maps.fd.ports, key, port, 'ports');
  }

  close(): void {
    this.#libbpf.close(this.#fd);
    this.#maps.close();
  }
}
