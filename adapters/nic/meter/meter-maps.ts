import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Libbpf } from '../core/libbpf.ts';
import { ARRAY, HASH, LRU_HASH, MAX_PORTS, PERCPU_ARRAY } from '../core/maps.ts';
import { u32, u64 } from '../core/records.ts';
import type { Sampling } from './options.ts';
import {
  METER_CONTROL,
  METER_ENDPOINT,
  METER_KEY,
  METER_LAYOUT_VERSION,
  METER_PACE,
  METER_PORT,
  METER_RECORD,
  METER_TUNNEL,
  METER_TUNNEL_KEY,
  WINDOW_MS,
} from './records.ts';

/** Names of the maps: symbols of the BPF object and files in the pin directory. */
const NAMES = [
  'connections',
  'meter_ports',
  'meter_control',
  'meter_added',
  'meter_paces',
  'meter_endpoints',
  'meter_tunnels',
  'meter_scratch',
] as const;
type MeterMapName = (typeof NAMES)[number];

/** What a processor did within so many windows, about 4 s, is what it does now. */
const RECENT_WINDOWS = 256n;

/** Places where tunnels end, at most: packets that arrive at others count by their outer headers. */
export const MAX_ENDPOINTS = 256;

/** OVN has a tunnel for each pair of logical ports that send to each other. */
const CONNECTIONS_PER_TUNNEL = 16;
const MIN_TUNNELS = 4096;

interface Shape {
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
}

function shapes(connections: number): Record<MeterMapName, Shape> {
  const { words } = METER_CONTROL;
  return {
    connections: {
      type: LRU_HASH,
      keySize: METER_KEY.bytes,
      valueSize: METER_RECORD.bytes,
      maxEntries: connections,
    },
    meter_ports: { type: HASH, keySize: 4, valueSize: METER_PORT.bytes, maxEntries: MAX_PORTS },
    meter_control: { type: ARRAY, keySize: 4, valueSize: 8, maxEntries: words },
    meter_added: { type: PERCPU_ARRAY, keySize: 4, valueSize: 8, maxEntries: 1 },
    meter_paces: { type: PERCPU_ARRAY, keySize: 4, valueSize: METER_PACE.bytes, maxEntries: 1 },
    meter_scratch: {
      type: PERCPU_ARRAY,
      keySize: 4,
      valueSize: METER_TUNNEL_KEY.bytes,
      maxEntries: 1,
    },
    meter_endpoints: {
      type: HASH,
      keySize: METER_ENDPOINT.bytes,
      valueSize: 4,
      maxEntries: MAX_ENDPOINTS,
    },
    meter_tunnels: {
      type: LRU_HASH,
      keySize: METER_TUNNEL_KEY.bytes,
      valueSize: METER_TUNNEL.bytes,
      maxEntries: Math.max(MIN_TUNNELS, Math.ceil(connections / CONNECTIONS_PER_TUNNEL)),
    },
  };
}

/** The maps that the program shares with user space, pinned so that they outlive the daemon. */
export class MeterMaps {
  /** Descriptors of the maps of connections and of tunnels. */
  readonly connections: number;
  readonly tunnels: number;
  /** True for the maps of an earlier daemon. */
  readonly areAdopted: boolean;
  readonly #libbpf: Libbpf;
  readonly #folder: string;
  readonly #fds: ReadonlyMap<MeterMapName, number>;
  readonly #added: BigUint64Array;
  readonly #paces: DataView;

  private constructor(
    libbpf: Libbpf,
    folder: string,
    fds: ReadonlyMap<MeterMapName, number>,
    areAdopted: boolean,
  ) {
    this.#libbpf = libbpf;
    this.#folder = folder;
    this.#fds = fds;
    const cpus = libbpf.possibleCpus();
    this.#added = new BigUint64Array(cpus);
    this.#paces = new DataView(new ArrayBuffer(cpus * METER_PACE.bytes));
    this.areAdopted = areAdopted;
    this.connections = this.#fd('connections');
    this.tunnels = this.#fd('meter_tunnels');
  }

  /** Opens the maps of an earlier daemon; creates new ones if these have another layout or size. */
  static open(libbpf: Libbpf, folder: string, connections: number): MeterMaps {
    return (
      MeterMaps.#adopted(libbpf, folder, connections) ??
      MeterMaps.#created(libbpf, folder, connections)
    );
  }

  static #adopted(libbpf: Libbpf, folder: string, connections: number): MeterMaps | undefined {
    const wanted = shapes(connections);
    const fds = new Map<MeterMapName, number>();
    for (const name of NAMES) {
      const fd = libbpf.pinned(join(folder, name));
      if (fd === undefined) continue;
      fds.set(name, fd);
      const { type, keySize, valueSize, maxEntries } = libbpf.mapInfo(fd);
      const shape = wanted[name];
      const isSame =
        type === shape.type &&
        keySize === shape.keySize &&
        valueSize === shape.valueSize &&
        maxEntries === shape.maxEntries;
      if (!isSame) break;
      if (fds.size < NAMES.length) continue;
      const maps = new MeterMaps(libbpf, folder, fds, true);
      if (maps.#word(METER_CONTROL.version) === BigInt(METER_LAYOUT_VERSION)) return maps;
    }
    for (const fd of fds.values()) libbpf.close(fd);
    return undefined;
  }

  static #created(libbpf: Libbpf, folder: string, connections: number): MeterMaps {
    const wanted = shapes(connections);
    const fds = new Map<MeterMapName, number>();
    try {
      for (const name of NAMES) {
        const { type, keySize, valueSize, maxEntries } = wanted[name];
        fds.set(name, libbpf.createMap(type, name, keySize, valueSize, maxEntries));
      }
      const maps = new MeterMaps(libbpf, folder, fds, false);
      maps.#setWord(METER_CONTROL.version, BigInt(METER_LAYOUT_VERSION));
      maps.unpin();
      for (const [name, fd] of fds) libbpf.pin(fd, join(folder, name));
      return maps;
    } catch (error) {
      for (const fd of fds.values()) libbpf.close(fd);
      throw error;
    }
  }

  /** Descriptors by name. */
  byName(): ReadonlyMap<string, number> {
    return this.#fds;
  }

  /** Connections that were added since the maps were created. */
  added(): number {
    const bytes = new Uint8Array(this.#added.buffer);
    this.#libbpf.lookup(this.#fd('meter_added'), u32(0), bytes, 'meter_added');
    return Number(this.#added.reduce((sum, each) => sum + each, 0n));
  }

  /** Nothing is counted after that time of CLOCK_MONOTONIC, ms. */
  countUntil(ms: number): void {
    this.#setWord(METER_CONTROL.untilNs, BigInt(Math.round(ms)) * 1_000_000n);
  }

  /** Sets how busy processors sample. */
  sample({ above, oneIn }: Sampling): void {
    const busyPackets = Math.round((above * WINDOW_MS) / 1000);
    this.#setWord(METER_CONTROL.busyPackets, BigInt(busyPackets));
    this.#setWord(METER_CONTROL.sampling, BigInt(oneIn));
  }

  /** One packet in so many is counted now, on the processor that counts the fewest; 1: each. */
  sampling(nowMs: number): number {
    const fd = this.#fd('meter_paces');
    this.#libbpf.lookup(fd, u32(0), new Uint8Array(this.#paces.buffer), 'meter_paces');
    const window = BigInt(Math.floor(nowMs / WINDOW_MS));
    let most = 1;
    for (let at = 0; at < this.#paces.byteLength; at += METER_PACE.bytes) {
      const isRecent = window - this.#paces.getBigUint64(at, true) <= RECENT_WINDOWS;
      const times = this.#paces.getUint32(at + METER_PACE.times, true);
      if (isRecent) most = Math.max(most, times);
    }
    return most;
  }

  /** Counts the packets of a device. @param port a `struct meter_port` */
  setPort(ifindex: number, port: Uint8Array): void {
    this.#libbpf.update(this.#fd('meter_ports'), u32(ifindex), port, `port ${ifindex}`);
  }

  /** Packets that arrive there are in tunnels. @param endpoint a `struct meter_endpoint` */
  addEndpoint(endpoint: Uint8Array, encapsulation: number): void {
    this.#libbpf.update(this.#fd('meter_endpoints'), endpoint, u32(encapsulation), 'endpoint');
  }

  removeEndpoint(endpoint: Uint8Array): void {
    this.#libbpf.remove(this.#fd('meter_endpoints'), endpoint, 'endpoint');
  }

  /** Ends counting the packets of a device. */
  removePort(ifindex: number): void {
    this.#libbpf.remove(this.#fd('meter_ports'), u32(ifindex), `port ${ifindex}`);
  }

  clearEndpoints(): void {
    const fd = this.#fd('meter_endpoints');
    const key = new Uint8Array(METER_ENDPOINT.bytes);
    while (this.#libbpf.nextKey(fd, null, key, 'meter_endpoints')) this.removeEndpoint(key);
  }

  close(): void {
    for (const fd of this.#fds.values()) this.#libbpf.close(fd);
  }

  /** Unpins the maps; the kernel frees them with their last user. */
  unpin(): void {
    for (const name of NAMES) rmSync(join(this.#folder, name), { force: true });
  }

  #fd(name: MeterMapName): number {
    const fd = this.#fds.get(name);
    if (fd === undefined) throw new TypeError(`the map ${name} is not open`);
    return fd;
  }

  #word(index: number): bigint {
    const value = new BigUint64Array(1);
    const bytes = new Uint8Array(value.buffer);
    this.#libbpf.lookup(this.#fd('meter_control'), u32(index), bytes, 'meter_control');
    return value[0];
  }

  #setWord(index: number, value: bigint): void {
    this.#libbpf.update(this.#fd('meter_control'), u32(index), u64(value), 'meter_control');
  }
}
