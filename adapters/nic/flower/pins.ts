import { createHash } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import type { Libbpf } from '../core/libbpf.ts';
import { ARRAY, HASH } from '../core/maps.ts';
import { CONTROL } from '../core/records.ts';

/** Version of the meaning of these maps. */
const LAYOUT_VERSION = 1n;

/** Words of the map `watchdog`. */
const WATCHDOG = { pid: 0, aliveNs: 1, removedNs: 2, words: 3 } as const;

/** Devices that can have rules at a time. */
const MAX_DEVICES = 1024;
/** Ports that a rule can name. */
const MAX_PORTS = 4096;
/** Parts of the word of a device; the gate has the same. */
const DEVICE = { madeClsact: 1, optionBytesShift: 8, optionBytesMask: 0xff } as const;
/** A digest of a port's UUID. */
const IDENTITY_BYTES = 16;

const SHAPES = {
  control: { type: ARRAY, valueSize: 8, maxEntries: CONTROL.words },
  watchdog: { type: ARRAY, valueSize: 8, maxEntries: WATCHDOG.words },
  devices: { type: HASH, valueSize: 4, maxEntries: MAX_DEVICES },
  ports: { type: HASH, valueSize: IDENTITY_BYTES, maxEntries: MAX_PORTS },
} as const;
type PinName = keyof typeof SHAPES;
const NAMES = ['control', 'watchdog', 'devices', 'ports'] as const;

const KEY_BYTES = 4;
const fileOf = (pinPath: string, name: PinName): string => join(pinPath, `flower_${name}`);

/** Whether a daemon with rules of tc flower has left rules. */
export function hasLeftRules(pinPath: string): boolean {
  return existsSync(fileOf(pinPath, 'control'));
}

/** A device that may have our filters. */
export interface DeviceRecord {
  /** Whether its `clsact` is ours. */
  readonly madeClsact: boolean;
  /** Bytes of the options of Geneve that packets must have to come to its rules. */
  readonly optionBytes: number;
}

/** {@link FlowerPins}; tests replace them. */
export type Pins = Pick<FlowerPins, keyof FlowerPins>;

/**
 * What the daemon, its watchdog, the gate and the next daemon share, pinned in the BPF file system: until
 * when the lease is, whether a watchdog runs, and which devices may have rules. Times are ms of
 * CLOCK_MONOTONIC. Calls throw {@link SystemCallFailed}.
 */
export class FlowerPins {
  readonly #libbpf: Libbpf;
  readonly #pinPath: string;
  readonly #fd: Readonly<Record<PinName, number>>;
  readonly #key = new Uint32Array(1);
  readonly #word = new BigUint64Array(1);

  private constructor(libbpf: Libbpf, pinPath: string, fd: Readonly<Record<PinName, number>>) {
    this.#libbpf = libbpf;
    this.#pinPath = pinPath;
    this.#fd = fd;
  }

  /** Opens the pins of an earlier daemon; undefined: no pins of this layout. */
  static open(libbpf: Libbpf, pinPath: string): FlowerPins | undefined {
    const opened: number[] = [];
    const open = (name: PinName): number => {
      const fd = libbpf.pinned(fileOf(pinPath, name));
      if (fd === undefined) return -1;
      opened.push(fd);
      const info = libbpf.mapInfo(fd);
      const { type, valueSize, maxEntries } = SHAPES[name];
      const same = info.type === type && info.valueSize === valueSize;
      return same && info.maxEntries === maxEntries ? fd : -1;
    };
    const fd = {
      control: open('control'),
      watchdog: open('watchdog'),
      devices: open('devices'),
      ports: open('ports'),
    };
    const pins = new FlowerPins(libbpf, pinPath, fd);
    const isComplete = Object.values(fd).every((one) => one >= 0);
    if (isComplete && pins.#read('control', CONTROL.layoutVersion) === LAYOUT_VERSION) return pins;
    for (const one of opened) libbpf.close(one);
    return undefined;
  }

  /** Opens the pins of an earlier daemon, or creates new ones. */
  static openOrCreate(libbpf: Libbpf, pinPath: string): FlowerPins {
    const there = FlowerPins.open(libbpf, pinPath);
    if (there !== undefined) return there;
    const create = (name: PinName): number => {
      const { type, valueSize, maxEntries } = SHAPES[name];
      return libbpf.createMap(type, `flower_${name}`, KEY_BYTES, valueSize, maxEntries);
    };
    const fd = {
      control: create('control'),
      watchdog: create('watchdog'),
      devices: create('devices'),
      ports: create('ports'),
    };
    const pins = new FlowerPins(libbpf, pinPath, fd);
    pins.#write('control', CONTROL.layoutVersion, LAYOUT_VERSION);
    for (const name of NAMES) {
      rmSync(fileOf(pinPath, name), { force: true });
      libbpf.pin(fd[name], fileOf(pinPath, name));
    }
    return pins;
  }

  /** Descriptors of the maps that programs use, by name. */
  get maps(): ReadonlyMap<string, number> {
    const { control, devices } = this.#fd;
    return new Map(Object.entries({ control, devices }));
  }

  get leaseUntilMs(): number {
    return toMs(this.#read('control', CONTROL.leaseUntilNs));
  }

  /** The process whose watchdog is in charge; 0: none has started. */
  get watchdogPid(): number {
    return Number(this.#read('watchdog', WATCHDOG.pid));
  }

  set watchdogPid(pid: number) {
    this.#write('watchdog', WATCHDOG.pid, BigInt(pid));
  }

  /** When the watchdog was last known to run. */
  get watchdogAliveMs(): number {
    return toMs(this.#read('watchdog', WATCHDOG.aliveNs));
  }

  set watchdogAliveMs(atMs: number) {
    this.#write('watchdog', WATCHDOG.aliveNs, toNs(atMs));
  }

  /** When the watchdog began the first removal of all rules after a lapse, which it has finished. */
  get removedMs(): number {
    return toMs(this.#read('watchdog', WATCHDOG.removedNs));
  }

  set removedMs(atMs: number) {
    this.#write('watchdog', WATCHDOG.removedNs, toNs(atMs));
  }

  /** Records that a device may have our filters. */
  addDevice(ifindex: number, { madeClsact, optionBytes }: DeviceRecord): void {
    this.#key[0] = ifindex;
    const flags = madeClsact ? DEVICE.madeClsact : 0;
    const value = Uint32Array.of(flags | (optionBytes << DEVICE.optionBytesShift));
    this.#libbpf.update(
      this.#fd.devices,
      bytes(this.#key),
      bytes(value),
      `flower device ${ifindex}`,
    );
  }

  removeDevice(ifindex: number): void {
    this.#key[0] = ifindex;
    this.#libbpf.remove(this.#fd.devices, bytes(this.#key), `flower device ${ifindex}`);
  }

  /** The devices that may have our filters. */
  devices(): ReadonlyMap<number, DeviceRecord> {
    const found = new Map<number, DeviceRecord>();
    const value = new Uint32Array(1);
    for (const ifindex of this.#keys('devices')) {
      this.#key[0] = ifindex;
      const key = bytes(this.#key);
      if (this.#libbpf.lookup(this.#fd.devices, key, bytes(value), 'flower devices')) {
        found.set(ifindex, {
          madeClsact: (value[0] & DEVICE.madeClsact) !== 0,
          optionBytes: (value[0] >> DEVICE.optionBytesShift) & DEVICE.optionBytesMask,
        });
      }
    }
    return found;
  }

  /** Records the ports that rules may name from now on. */
  recordPorts(ports: PortSnapshot): void {
    const fd = this.#fd.ports;
    const recorded = new Set<number>();
    for (const { ifindex, uuid } of ports.values()) {
      if (ifindex === 0) continue;
      recorded.add(ifindex);
      this.#key[0] = ifindex;
      this.#libbpf.update(fd, bytes(this.#key), identityOf(uuid), `flower port ${ifindex}`);
    }
    for (const ifindex of this.#keys('ports')) {
      if (recorded.has(ifindex)) continue;
      this.#key[0] = ifindex;
      this.#libbpf.remove(fd, bytes(this.#key), `flower port ${ifindex}`);
    }
  }

  /** Whether the last recorded ports have this one, with this device. */
  hasPort({ ifindex, uuid }: Pick<PortInfo, 'ifindex' | 'uuid'>): boolean {
    const recorded = new Uint8Array(IDENTITY_BYTES);
    this.#key[0] = ifindex;
    const isThere = this.#libbpf.lookup(
      this.#fd.ports,
      bytes(this.#key),
      recorded,
      `flower port ${ifindex}`,
    );
    return isThere && Buffer.compare(recorded, identityOf(uuid)) === 0;
  }

  /** Removes the pins. */
  unpin(): void {
    for (const name of NAMES) {
      rmSync(fileOf(this.#pinPath, name), { force: true });
    }
  }

  close(): void {
    for (const fd of Object.values(this.#fd)) this.#libbpf.close(fd);
  }

  #keys(map: 'devices' | 'ports'): readonly number[] {
    const keys: number[] = [];
    const next = new Uint32Array(1);
    let last: Uint8Array | null = null;
    while (this.#libbpf.nextKey(this.#fd[map], last, bytes(next), `flower ${map}`)) {
      keys.push(next[0]);
      last = bytes(Uint32Array.from(next));
    }
    return keys;
  }

  #read(map: PinName, index: number): bigint {
    this.#key[0] = index;
    this.#libbpf.lookup(this.#fd[map], bytes(this.#key), bytes(this.#word), `flower ${map}`);
    return this.#word[0];
  }

  #write(map: PinName, index: number, value: bigint): void {
    this.#key[0] = index;
    this.#word[0] = value;
    this.#libbpf.update(this.#fd[map], bytes(this.#key), bytes(this.#word), `flower ${map}`);
  }
}

function bytes(words: Uint32Array | BigUint64Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

function identityOf(uuid: string): Uint8Array {
  return createHash('sha256').update(uuid).digest().subarray(0, IDENTITY_BYTES);
}

const toMs = (ns: bigint): number => Number(ns) / 1e6;
const toNs = (ms: number): bigint => BigInt(Math.max(0, Math.floor(ms * 1e6)));
