import { FlowerBackend } from '../../../../../adapters/nic/flower/backend.ts';
import type { HostHandles } from '../../../../../adapters/nic/flower/host-handles.ts';
import type { FlowerOptions, RulesIn } from '../../../../../adapters/nic/flower/options.ts';
import type { DeviceRecord, Pins } from '../../../../../adapters/nic/flower/pins.ts';
import { TrafficControlRequests } from '../../../../../adapters/nic/flower/traffic-control.ts';
import { removalOf } from '../../../../../adapters/nic/flower/traffic-control.ts';
import { newFilter } from '../../../../../protocols/netlink/tc/filters.ts';
import { FLAG } from '../../../../../protocols/netlink/message.ts';
import { PARENT } from '../../../../../protocols/netlink/tc/traffic-control.ts';
import { BPF } from '../../../../../protocols/netlink/tc/tables.ts';
import { GATE_PROGRAM } from '../../../../../adapters/nic/flower/gate.ts';
import { ANY_PROTOCOL, GATE_PRIORITY } from '../../../../../adapters/nic/flower/priorities.ts';
import { NetworkLock } from '../../../../../adapters/nic/core/network-lock.ts';
import type { HookedDevice } from '../../../../../adapters/nic/core/hook.ts';
import { monotonicMs } from '../../../../../async/monotonic.ts';
import type { PortInfo, PortSnapshot } from '../../../../../engine/model/port.ts';
import { FakeTc } from './fake-tc.ts';

/** What outlives a backend: tc, pins, and other hooks on devices. */
export class FakeHost {
  readonly tc = new FakeTc();
  readonly pins = new FakePins();
  /** Why a device must not be served, by name. */
  readonly others = new Map<string, string>();
  /** Devices with `hw-tc-offload` off. */
  readonly withoutOffload = new Set<string>();
  /** Calls the listener of the backend, as when another hook appears. */
  announceHooks: () => void = () => undefined;
  readonly #ports = new Map<string, PortInfo>();
  #uuids = 0;

  /** Adds a port, or another one of the same name with a new UUID. */
  addPort(name: string, ifindex: number, more: Partial<PortInfo> = {}): void {
    this.tc.devices.add(ifindex);
    this.#ports.set(name, { ...PORT, name, ifindex, uuid: `uuid-${this.#uuids++}`, ...more });
  }

  removePort(name: string): void {
    const port = this.#ports.get(name);
    if (port !== undefined) this.tc.removeDevice(port.ifindex);
    this.#ports.delete(name);
  }

  snapshot(): PortSnapshot {
    return new Map(this.#ports);
  }

  backend(rulesIn: RulesIn, more: Partial<FlowerOptions> = {}): FlowerBackend {
    const options = {
      pinPath: '/none',
      rulesIn,
      entries: 128,
      leaseMs: 60_000,
      heartbeatMs: rulesIn === 'software' ? 1_000 : 0,
      detachAfterMs: 60_000,
      objectPath: '/none',
      ...more,
    };
    return new FlowerBackend(options, {
      openHost: () => Promise.resolve(this.#handles()),
      openWatchdog: () => this.#watchdog(),
    });
  }

  #handles(): HostHandles {
    const tc = new TrafficControlRequests(new NetworkLock(), { open: this.tc.open });
    const { pins, others } = this;
    return {
      pins,
      tc,
      otherHooks: {
        refresh: () => Promise.resolve(),
        on: ({ name }: HookedDevice) => others.get(name),
        watch: (_devices, onChange) => {
          this.announceHooks = onChange;
        },
      },
      lease: {
        renew: (verifiedAtMs, untilMs) => pins.renew(verifiedAtMs, untilMs),
        end: () => {
          pins.leaseUntilMs = Math.min(pins.leaseUntilMs, monotonicMs());
        },
      },
      gate: { put: gateAt },
      takesRules: (name) => Promise.resolve(!this.withoutOffload.has(name)),
      ifindexOf: (name) => this.#ports.get(name)?.ifindex,
      close: () => tc.close(),
    };
  }

  /** Removes all rules if the lease has lapsed, as the watchdog does. */
  removeLapsed(): void {
    const { pins } = this;
    if (pins.leaseUntilMs > monotonicMs()) return;
    const tc = new TrafficControlRequests(new NetworkLock(), { open: this.tc.open });
    for (const ifindex of pins.devices().keys()) void tc.batch('', removalOf(ifindex));
    pins.removedMs = monotonicMs();
  }

  /** A watchdog that acts when the backend looks at it: no time passes in between. */
  #watchdog() {
    const { pins } = this;
    return {
      ensure: () => this.removeLapsed(),
      isAlive: () => pins.isWatched,
      pid: 7,
      readAgeMs: () => (pins.isWatched ? 0 : Number.POSITIVE_INFINITY),
      stop: () => undefined,
    };
  }
}

const PORT = {
  bridge: 'br0',
  kind: 'vm',
  datapath: 'kernel',
  mac: undefined,
  vm: undefined,
  slice: undefined,
  linkBitsPerSecond: undefined,
  shaped: false,
  policed: false,
} as const;

function gateAt(ifindex: number) {
  const parent = PARENT.clsactIngress;
  const place = { ifindex, parent, priority: GATE_PRIORITY, protocol: ANY_PROTOCOL, handle: 1 };
  return {
    ...newFilter(place, 'bpf', [BPF.name.of(GATE_PROGRAM)]),
    flags: FLAG.create | FLAG.replace,
  };
}

/** Pins in memory. */
export class FakePins implements Pins {
  readonly maps = new Map<string, number>();
  leaseUntilMs = 0;
  watchdogPid = 0;
  watchdogAliveMs = 0;
  removedMs = 0;
  /** Whether a watchdog runs. */
  isWatched = true;
  readonly #devices = new Map<number, DeviceRecord>();
  readonly #ports = new Map<number, string>();

  renew(verifiedAtMs: number, untilMs: number): 'renewed' | 'late' {
    const nowMs = monotonicMs();
    if (nowMs >= this.leaseUntilMs && verifiedAtMs < this.leaseUntilMs) return 'late';
    if (untilMs <= nowMs) return 'late';
    this.leaseUntilMs = untilMs;
    return 'renewed';
  }

  addDevice(ifindex: number, record: DeviceRecord): void {
    this.#devices.set(ifindex, record);
  }

  removeDevice(ifindex: number): void {
    this.#devices.delete(ifindex);
  }

  devices(): ReadonlyMap<number, DeviceRecord> {
    return new Map(this.#devices);
  }

  recordPorts(ports: PortSnapshot): void {
    this.#ports.clear();
    for (const { ifindex, uuid } of ports.values()) this.#ports.set(ifindex, uuid);
  }

  hasPort({ ifindex, uuid }: Pick<PortInfo, 'ifindex' | 'uuid'>): boolean {
    return this.#ports.get(ifindex) === uuid;
  }

  unpin(): void {
    this.#devices.clear();
    this.#ports.clear();
    this.leaseUntilMs = 0;
  }

  close(): void {
    // Nothing is open.
  }
}
