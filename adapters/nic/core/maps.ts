import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TABLE_KEY } from './key-layout.ts';
import { ENTRY } from './entry-value.ts';
import type { Libbpf } from './libbpf.ts';
import {
  CONTROL,
  LAYOUT_VERSION,
  MASK_SET,
  PORT_INFO,
  PORT_REF,
  STATS_BYTES,
  TUNNEL_HEADER,
  TUNNEL_KEY,
} from './records.ts';

/** Map types of `enum bpf_map_type`. */
export const HASH = 1;
export const ARRAY = 2;
export const PERCPU_ARRAY = 6;
export const LRU_HASH = 9;
export const ARRAY_OF_MAPS = 12;
export const DEVMAP_HASH = 25;

/** Files of the mask set that the program uses, and of one that is about to replace it. */
const MASK_SET_PIN = 'mask_set';
const NEXT_MASK_SET_PIN = 'mask_set_next';

/** Names of the maps: symbols of the BPF object and files in the pin directory. */
export const MAP_NAMES = [
  'control',
  'ports',
  'port_info',
  'devices',
  'masks',
  'flows',
  'stats',
  'tunnel_headers',
  'arrived',
] as const;
export type MapName = (typeof MAP_NAMES)[number];

/**
 * File of the control map of an earlier layout or size. The earlier daemon's programs use it until
 * they are replaced, and are recognised by it.
 */
const FORMER_CONTROL = 'former_control';

interface Shape {
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
}

/** Sizes of the maps. */
export interface MapSizes {
  readonly entries: number;
  readonly slots: number;
  readonly ports: number;
}

/** Ports that can be served at a time. */
export const MAX_PORTS = 1024;
/** Different outer headers that entries can have at a time, and one place that is not used. */
export const MAX_TUNNEL_HEADERS = 4096;
/** Tunnels that packets can arrive in at a time. */
export const MAX_ARRIVED_TUNNELS = 4096;
/** Statistics slots beyond two per entry, for entries deleted since the last reading. */
const SPARE_SLOTS = 1024;

/** Map sizes for `entries` entries. */
export function sizesFor(entries: number): MapSizes {
  return { entries, slots: entries * 2 + SPARE_SLOTS, ports: MAX_PORTS };
}

function shapes(sizes: MapSizes): Record<MapName, Shape> {
  const { entries, slots, ports } = sizes;
  const portKeyed = { keySize: 4, maxEntries: ports };
  return {
    control: { type: ARRAY, keySize: 4, valueSize: 8, maxEntries: CONTROL.words },
    ports: { type: HASH, valueSize: PORT_REF.bytes, ...portKeyed },
    port_info: { type: HASH, valueSize: PORT_INFO.bytes, ...portKeyed },
    devices: { type: DEVMAP_HASH, valueSize: 4, ...portKeyed },
    masks: { type: ARRAY_OF_MAPS, keySize: 4, valueSize: 4, maxEntries: 1 },
    flows: { type: HASH, keySize: TABLE_KEY.bytes, valueSize: ENTRY.bytes, maxEntries: entries },
    stats: { type: PERCPU_ARRAY, keySize: 4, valueSize: STATS_BYTES, maxEntries: slots },
    tunnel_headers: {
      type: ARRAY,
      keySize: 4,
      valueSize: TUNNEL_HEADER.bytes,
      maxEntries: MAX_TUNNEL_HEADERS,
    },
    arrived: {
      type: HASH,
      keySize: TUNNEL_KEY.bytes,
      valueSize: 4,
      maxEntries: MAX_ARRIVED_TUNNELS,
    },
  };
}

/** Creates an inner map of `masks`; it becomes immutable once used. The caller closes it. */
export function createMaskSetMap(libbpf: Pick<Libbpf, 'createMap'>): number {
  return libbpf.createMap(ARRAY, 'mask_set', 4, MASK_SET.bytes, 1);
}

/** Creates an outer map with one such inner map. The caller closes it. */
export function createOuterMap(libbpf: Libbpf, innerFd: number): number {
  return libbpf.createMap(ARRAY_OF_MAPS, 'outer', 4, 4, 1, innerFd);
}

/** The maps the program and user space share, pinned so that they outlive the daemon. */
export class Maps {
  readonly fd: Readonly<Record<MapName, number>>;
  readonly #libbpf: Libbpf;
  /** Directory of the pins. */
  readonly pinPath: string;

  private constructor(libbpf: Libbpf, pinPath: string, fd: Record<MapName, number>) {
    this.#libbpf = libbpf;
    this.pinPath = pinPath;
    this.fd = fd;
  }

  /** Opens the pinned maps; undefined when one is missing or has another layout or size. */
  static open(libbpf: Libbpf, pinPath: string, sizes: MapSizes): Maps | undefined {
    const wanted = shapes(sizes);
    const opened: number[] = [];
    const open = (name: MapName): number => {
      const fd = libbpf.pinned(join(pinPath, name));
      if (fd === undefined) return -1;
      opened.push(fd);
      const info = libbpf.mapInfo(fd);
      const same =
        info.type === wanted[name].type &&
        info.keySize === wanted[name].keySize &&
        info.valueSize === wanted[name].valueSize &&
        info.maxEntries === wanted[name].maxEntries;
      return same ? fd : -1;
    };
    const maps = new Maps(libbpf, pinPath, {
      control: open('control'),
      ports: open('ports'),
      port_info: open('port_info'),
      devices: open('devices'),
      masks: open('masks'),
      flows: open('flows'),
      stats: open('stats'),
      tunnel_headers: open('tunnel_headers'),
      arrived: open('arrived'),
    });
    const complete = MAP_NAMES.every((name) => maps.fd[name] >= 0);
    if (complete && maps.word(CONTROL.layoutVersion) === BigInt(LAYOUT_VERSION)) return maps;
    for (const fd of opened) libbpf.close(fd);
    return undefined;
  }

  /** Removes the pinned maps of the directory, then creates and pins new ones. */
  static create(libbpf: Libbpf, pinPath: string, sizes: MapSizes): Maps {
    const control = join(pinPath, 'control');
    if (existsSync(control)) renameSync(control, join(pinPath, FORMER_CONTROL));
    for (const name of [...MAP_NAMES, MASK_SET_PIN, NEXT_MASK_SET_PIN]) {
      rmSync(join(pinPath, name), { force: true });
    }
    const wanted = shapes(sizes);
    const template = createMaskSetMap(libbpf);
    const create = (name: MapName): number => {
      const { type, keySize, valueSize, maxEntries } = wanted[name];
      const inner = type === ARRAY_OF_MAPS ? template : -1;
      return libbpf.createMap(type, name, keySize, valueSize, maxEntries, inner);
    };
    const maps = new Maps(libbpf, pinPath, {
      control: create('control'),
      ports: create('ports'),
      port_info: create('port_info'),
      devices: create('devices'),
      masks: create('masks'),
      flows: create('flows'),
      stats: create('stats'),
      tunnel_headers: create('tunnel_headers'),
      arrived: create('arrived'),
    });
    libbpf.close(template);
    maps.setWord(CONTROL.layoutVersion, BigInt(LAYOUT_VERSION));
    const devices = libbpf.mapInfo(maps.fd.devices).id;
    maps.setWord(CONTROL.devicesMapId, BigInt(devices));
    maps.setWord(CONTROL.nextPortId, 1n);
    maps.setWord(CONTROL.nextMaskId, 1n);
    for (const name of MAP_NAMES) libbpf.pin(maps.fd[name], join(pinPath, name));
    return maps;
  }

  /**
   * Pins a mask set before the program uses it, so that a later daemon can read it: opening an inner
   * map by its id requires CAP_SYS_ADMIN.
   */
  pinNextMaskSet(fd: number): void {
    const path = join(this.pinPath, NEXT_MASK_SET_PIN);
    rmSync(path, { force: true });
    this.#libbpf.pin(fd, path);
  }

  /** Makes the pin of the next mask set that of the current one. */
  replaceMaskSetPin(): void {
    renameSync(join(this.pinPath, NEXT_MASK_SET_PIN), join(this.pinPath, MASK_SET_PIN));
  }

  /**
   * A descriptor of the mask set with that id; undefined when it cannot be opened. The caller closes
   * it.
   */
  openMaskSet(id: number): number | undefined {
    for (const name of [MASK_SET_PIN, NEXT_MASK_SET_PIN]) {
      const fd = this.#libbpf.pinned(join(this.pinPath, name));
      if (fd === undefined) continue;
      if (this.#libbpf.mapInfo(fd).id === id) return fd;
      this.#libbpf.close(fd);
    }
    try {
      return this.#libbpf.mapFdById(id);
    } catch {
      return undefined;
    }
  }

  /** A word of the control map. */
  word(index: number): bigint {
    const value = new BigUint64Array(1);
    const bytes = new Uint8Array(value.buffer);
    this.#libbpf.lookup(this.fd.control, wordKey(index), bytes, 'control');
    return value[0];
  }

  setWord(index: number, value: bigint): void {
    const bytes = new Uint8Array(BigUint64Array.of(value).buffer);
    this.#libbpf.update(this.fd.control, wordKey(index), bytes, 'control');
  }

  /** The next number of a counter that never restarts. */
  next(index: typeof CONTROL.nextPortId | typeof CONTROL.nextMaskId): number {
    const value = this.word(index);
    this.setWord(index, value + 1n);
    return Number(value);
  }

  /** Descriptors of the maps, by name. */
  byName(): ReadonlyMap<string, number> {
    return new Map(MAP_NAMES.map((name) => [name, this.fd[name]]));
  }

  /** Kernel ids of the maps. */
  ids(): ReadonlySet<number> {
    return new Set(MAP_NAMES.map((name) => this.#libbpf.mapInfo(this.fd[name]).id));
  }

  /** Kernel ids of the control map and of the one that it replaced: every program uses one. */
  controlIds(): ReadonlySet<number> {
    const ids = new Set([this.#libbpf.mapInfo(this.fd.control).id]);
    const former = this.#libbpf.pinned(join(this.pinPath, FORMER_CONTROL));
    if (former !== undefined) {
      ids.add(this.#libbpf.mapInfo(former).id);
      this.#libbpf.close(former);
    }
    return ids;
  }

  close(): void {
    for (const name of MAP_NAMES) this.#libbpf.close(this.fd[name]);
  }

  /** Unpins the maps; the kernel frees them with their last user. */
  unpin(): void {
    for (const name of [...MAP_NAMES, MASK_SET_PIN, NEXT_MASK_SET_PIN, FORMER_CONTROL]) {
      rmSync(join(this.pinPath, name), { force: true });
    }
  }
}

function wordKey(index: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(index).buffer);
}
