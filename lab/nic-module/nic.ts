import { writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import type { Cleanup, Undo } from '../testbed/cleanup.ts';
import { run, runNow } from '../testbed/run.ts';
import { nicModuleFile } from './build.ts';

const LOAD_MS = 30_000;

/** How the module makes its NIC; see `modinfo labnic.ko`. */
export interface NicOptions {
  /** Virtual functions, 1 to 16; default 2. */
  readonly vfs?: number;
  /** Entries of the flow table; default 1,024. */
  readonly entries?: number;
  /** Entries of a hash bucket; default 0: any entry takes any rule. Excludes `probes`. */
  readonly ways?: number;
  /** Entries after the hashed one that a rule may take; default 0: no limit. */
  readonly probes?: number;
  /** Receive filters, a power of two; default 8,192. */
  readonly filters?: number;
  /** Probes for a receive filter; default 200. */
  readonly filter_depth?: number;
  /**
   * 1: the NIC has no representors and no flow table; it switches by MAC address, and its uplink is the
   * physical function, which sets the virtual ones. Default 0.
   */
  readonly legacy?: 0 | 1;
}

/** Parameters that can change while the module is loaded. */
export type NicParameter =
  /** Rules that the firmware inserts in a second; 0: no limit. */
  | 'rules_per_s'
  /** Period of reading the counters of rules, ms; 0: they are read at each request. */
  | 'stats_delay_ms'
  /** Until the link of a virtual function that is switched on is up, ms. */
  | 'link_delay_ms';

/** Names of the NIC's devices. */
export interface NicDevices {
  /** The uplink of the NIC, in the host. */
  readonly uplink: string;
  /** The far end of the wire. */
  readonly wire: string;
  /** Representors of the virtual functions, in the host; none in legacy mode. */
  readonly representors: readonly string[];
  /** The virtual functions, for guests. */
  readonly functions: readonly string[];
}

/** What the hardware counted at one port, and the state of its flow table. */
export interface NicCounters {
  /** Packets, segments counted one by one, that met an entry of the flow table. */
  readonly hw_packets: number;
  /** Bytes on the wire of `hw_packets`, with Ethernet headers. */
  readonly hw_bytes: number;
  /** Of `hw_packets`: dropped, by an entry or because they could not be changed. */
  readonly hw_drops: number;
  /** Frames without an entry, which went to the representor or uplink. */
  readonly hw_misses: number;
  /** Frames that met a receive filter. */
  readonly filter_packets: number;
  /** Entries of the table in use. */
  readonly table_entries: number;
  readonly table_insertions: number;
  /** Rules that the table had no room for. */
  readonly table_refusals: number;
  /** Time for which rules waited for the firmware, ns. */
  readonly table_insert_wait_ns: number;
}

/** A switchdev NIC in software: the module `labnic`, loaded into the kernel that runs. */
export class SoftwareNic {
  readonly devices: NicDevices;
  readonly #cleanup: Cleanup;
  readonly #undo: Undo = {
    name: 'module labnic',
    undo: () => this.#unload(),
    undoNow: () => runNow('rmmod', ['labnic']),
  };

  private constructor(
    cleanup: Cleanup,
    { vfs, legacy }: Required<Pick<NicOptions, 'vfs' | 'legacy'>>,
  ) {
    const numbers = Array.from({ length: vfs }, (_, n) => n);
    this.devices = {
      uplink: 'nicp0',
      wire: 'nicw0',
      representors: legacy === 1 ? [] : numbers.map((n) => `nicr${n}`),
      functions: numbers.map((n) => `nicf${n}`),
    };
    this.#cleanup = cleanup;
    cleanup.add(this.#undo);
  }

  /**
   * Loads the module; its devices are down.
   *
   * @throws {CommandFailed} when it was not built for this kernel, is loaded, or refuses the options
   */
  static async load(cleanup: Cleanup, options: NicOptions = {}): Promise<SoftwareNic> {
    const { vfs = 2, legacy = 0, ...others } = options;
    const parameters = Object.entries({ vfs, legacy, ...others }).map(
      ([name, n]) => `${name}=${n}`,
    );
    await run('insmod', [nicModuleFile(release()), ...parameters], { timeoutMs: LOAD_MS });
    return new SoftwareNic(cleanup, { vfs, legacy });
  }

  /** Changes a parameter. */
  async set(parameter: NicParameter, value: number): Promise<void> {
    await writeFile(`/sys/module/labnic/parameters/${parameter}`, String(value));
  }

  /** Reads the counters of an uplink or representor in this process's network namespace. */
  async counters(device: string): Promise<NicCounters> {
    const lines = (await run('ethtool', ['-S', device])).split('\n');
    const found = new Map(
      lines.flatMap((line) => {
        const [, name, value] = /^ *(\w+): (\d+)$/.exec(line) ?? [];
        return name === undefined ? [] : [[name, Number(value)]];
      }),
    );
    const of = (name: keyof NicCounters): number => found.get(name) ?? Number.NaN;
    return {
      hw_packets: of('hw_packets'),
      hw_bytes: of('hw_bytes'),
      hw_drops: of('hw_drops'),
      hw_misses: of('hw_misses'),
      filter_packets: of('filter_packets'),
      table_entries: of('table_entries'),
      table_insertions: of('table_insertions'),
      table_refusals: of('table_refusals'),
      table_insert_wait_ns: of('table_insert_wait_ns'),
    };
  }

  /** Unloads the module with its devices, in whichever namespace they are, and their filters. */
  async unload(): Promise<void> {
    this.#cleanup.remove(this.#undo);
    await this.#unload();
  }

  async #unload(): Promise<void> {
    await run('rmmod', ['labnic'], { timeoutMs: LOAD_MS });
  }
}
