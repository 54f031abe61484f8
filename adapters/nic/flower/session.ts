import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import type {
  CounterSink,
  EntrySink,
  LeaseRenewal,
  Operation,
  OperationResult,
} from '../../../engine/ports/offload-backend.ts';
import { monotonicMs } from '../../../async/monotonic.ts';
import { BpfPrograms } from '../core/bpf-programs.ts';
import type { DeviceHooks } from '../core/device-hooks.ts';
import { EntriesNotDeleted } from '../core/errors.ts';
import { Lease, LEASE_PROGRAM } from '../core/lease.ts';
import { Libbpf } from '../core/libbpf.ts';
import { NetworkLock } from '../core/network-lock.ts';
import { PinLock } from '../core/pin-lock.ts';
import { ProgramLoader } from '../core/program-loader.ts';
import { Adoption } from './adoption.ts';
import { Devices } from './devices.ts';
import { type Entry, portsHold } from './entry.ts';
import { EntryTable } from './entry-table.ts';
import { Gate, GATE_PROGRAM } from './gate.ts';
import { heartbeatMsOf } from './heartbeat.ts';
import { Installer } from './installer.ts';
import type { FlowerOptions } from './options.ts';
import { flowerOtherHooks } from './other-hooks.ts';
import { Pauses } from './pauses.ts';
import { FlowerPins } from './pins.ts';
import { RuleLease } from './rule-lease.ts';
import { RuleReader } from './rule-reader.ts';
import { ServedPorts } from './served-ports.ts';
import { TrafficControlRequests } from './traffic-control.ts';
import { type OpenWatchdog, WatchdogProcess } from './watchdog.ts';

/** How long a rule in hardware is out of the table for a heartbeat, ms. */
const PAUSE_MS = 100;

/** What a session is opened with besides its options. */
export interface SessionTools {
  readonly openWatchdog: OpenWatchdog | undefined;
  /** Runs a task when no other uses the table. */
  readonly inTurn: <T>(task: () => Promise<T>) => Promise<T>;
  readonly onLost: () => void;
}

/** What a {@link FlowerSession} is made of. */
interface Parts {
  readonly options: FlowerOptions;
  readonly tools: SessionTools;
  readonly pinLock: PinLock;
  readonly pins: FlowerPins;
  readonly tc: TrafficControlRequests;
  readonly otherHooks: DeviceHooks;
  readonly lease: Lease;
  readonly gate: Gate | undefined;
}

/** The state between start and close. */
export class FlowerSession {
  readonly entries = new EntryTable();
  readonly ports: ServedPorts;
  readonly installer: Installer;
  readonly #parts: Parts;
  readonly #devices: Devices;
  readonly #reader: RuleReader;
  readonly #lease: RuleLease;
  readonly #watchdog: ReturnType<OpenWatchdog> | undefined;
  readonly #pauses: Pauses;
  readonly #heartbeatMs: number;
  /** Flows whose entries are gone and have not been reported yet. */
  readonly #lost: FlowId[] = [];

  private constructor(parts: Parts) {
    const { options, tools, pins, tc, otherHooks, lease, gate } = parts;
    const { rulesIn, entries: limit, leaseMs, pinPath } = options;
    const { entries } = this;
    this.#parts = parts;
    this.#heartbeatMs = heartbeatMsOf(options);
    const openWatchdog = tools.openWatchdog ?? ((path, own) => new WatchdogProcess(path, own));
    this.#watchdog = rulesIn === 'hardware' ? openWatchdog(pinPath, pins) : undefined;
    this.#watchdog?.ensure();
    this.#lease = new RuleLease(lease, pins, this.#watchdog, leaseMs);
    const mayInstall = (): boolean => this.#lease.mayInstall();
    this.ports = new ServedPorts(options.ports, otherHooks);
    const { ports } = this;
    this.#devices = new Devices({ tc, pins, gate });
    const devices = this.#devices;
    const heartbeatMs = this.#heartbeatMs;
    const common = { tc, entries, devices, ports, rulesIn };
    this.installer = new Installer({ ...common, limit, heartbeatMs, mayInstall });
    this.#reader = new RuleReader({ ...common, pins });
    this.#pauses = new Pauses({
      entries,
      installer: this.installer,
      heartbeatMs: rulesIn === 'hardware' ? heartbeatMs : 0,
      pauseMs: options.pauseMs ?? PAUSE_MS,
      inTurn: tools.inTurn,
      mayInstall,
      onLost: (ids) => this.#lose(ids),
    });
  }

  /** Attaches to the host, and takes over the rules of an earlier daemon. */
  static async open(
    options: FlowerOptions,
    tools: SessionTools,
    ports: PortSnapshot,
  ): Promise<FlowerSession> {
    const { pinPath, objectPath, rulesIn } = options;
    const pinLock = PinLock.acquire(pinPath);
    const undo = [() => pinLock.release()];
    try {
      const libbpf = new Libbpf();
      const programs = new BpfPrograms();
      const pins = FlowerPins.openOrCreate(libbpf, pinPath);
      undo.unshift(() => pins.close());
      const lock = new NetworkLock(options.maxLockWaitMs);
      const tc = new TrafficControlRequests(lock);
      undo.unshift(() => tc.close());
      const loader = await ProgramLoader.open({
        programs,
        objects: [{ path: objectPath, names: [LEASE_PROGRAM, GATE_PROGRAM] }],
        maps: new Map([['control', pins.control]]),
      });
      const lease = await Lease.open(libbpf, programs, loader);
      undo.unshift(() => lease.close());
      const gate = rulesIn === 'software' ? await Gate.open(libbpf, loader) : undefined;
      undo.unshift(() => gate?.close());
      const otherHooks = flowerOtherHooks(lock, rulesIn);
      undo.unshift(() => otherHooks.close());
      const session = new FlowerSession({
        options,
        tools,
        pinLock,
        pins,
        tc,
        otherHooks,
        lease,
        gate,
      });
      await session.#begin(ports);
      return session;
    } catch (error) {
      for (const step of undo) step();
      throw error;
    }
  }

  /** The ports on which other hooks are watched. */
  watch(onChange: () => void): void {
    this.#parts.otherHooks.watch(() => [...this.ports.snapshot.values()], onChange);
  }

  description(): string {
    const { rulesIn } = this.#parts.options;
    const devices = this.#devices.all().length;
    const where = rulesIn === 'hardware' ? 'in hardware (skip_sw)' : 'in software (skip_hw)';
    return `tc flower ${where}: ${this.entries.size} rules on ${devices} devices`;
  }

  /** Applies operations; see {@link OffloadBackend.apply}. */
  async apply(
    operations: readonly Operation[],
    signal: AbortSignal,
  ): Promise<readonly OperationResult[]> {
    signal.throwIfAborted();
    await this.#refresh();
    const results = await this.installer.apply(operations, signal);
    await this.#takeOutAfterLapse();
    return results;
  }

  /** Reads the counters and which rules there are. @throws {NetworkLockBusy} */
  async readEntries(sink: EntrySink): Promise<void> {
    await this.#refresh();
    await this.#readCounters();
    for (const { id } of this.entries.all()) sink.entry(id);
  }

  /** Reports traffic, and gives back devices that have had no rules for a while. */
  async readCounters(sink: CounterSink): Promise<void> {
    await this.#refresh();
    await this.#readCounters();
    this.entries.report(sink);
    await this.#closeIdle();
  }

  /**
   * Takes new ports: removes what must not stay, and returns the flows whose entries are gone.
   *
   * @throws {EntriesNotDeleted} {@link NetworkLockBusy}
   */
  async updatePorts(snapshot: PortSnapshot): Promise<readonly FlowId[]> {
    try {
      await this.#parts.otherHooks.refresh(snapshot.values());
    } finally {
      this.ports.update(snapshot);
    }
    await this.#removeWrong();
    this.#parts.pins.recordPorts(snapshot);
    await this.#giveBack();
    return this.#lost.splice(0);
  }

  async renewLease(verifiedAtMs: number): Promise<LeaseRenewal> {
    const { inTurn } = this.#parts.tools;
    const wasLapsed = this.#watchdog !== undefined && this.#lease.isLapsed();
    if (!wasLapsed) {
      const renewal = await this.#lease.renew(verifiedAtMs);
      if (renewal === 'renewed') this.#pauses.begin();
      return renewal;
    }
    return inTurn(async () => {
      const renewal = await this.#lease.renew(verifiedAtMs);
      if (renewal === 'renewed') await this.#putBack();
      return renewal;
    });
  }

  /** Ends the lease; in hardware, rules are removed, and written again after a renewal. */
  async endLease(): Promise<void> {
    this.#lease.end();
    await this.#takeOutAfterLapse();
  }

  /** Removes all entries. @throws {EntriesNotDeleted} */
  async withdrawAll(): Promise<number> {
    await this.#refresh();
    const all = [...this.entries.all()];
    await this.#remove(all);
    return all.length;
  }

  async close(how: 'withdraw' | 'keep'): Promise<void> {
    const { otherHooks, gate, lease, tc, pins, pinLock, tools } = this.#parts;
    await this.#pauses.close();
    await tools.inTurn(async () => {
      try {
        if (how === 'withdraw') await this.#withdraw();
      } finally {
        otherHooks.close();
        gate?.close();
        lease.close();
        tc.close();
        pins.close();
        pinLock.release();
      }
    });
  }

  async #withdraw(): Promise<void> {
    const { pins } = this.#parts;
    this.#lease.end();
    const served = new Map(this.#devices.all().map((device) => [device.ifindex, device]));
    for (const [ifindex, madeClsact] of pins.devices()) {
      await this.#devices.clear(ifindex, served.get(ifindex)?.name ?? `${ifindex}`, madeClsact);
    }
    this.#watchdog?.stop();
    pins.unpin();
  }

  async #begin(snapshot: PortSnapshot): Promise<void> {
    const { otherHooks, pins, tc } = this.#parts;
    await otherHooks.refresh(snapshot.values());
    this.ports.update(snapshot);
    const { entries, ports } = this;
    const adoption = new Adoption({
      tc,
      pins,
      entries,
      ports,
      devices: this.#devices,
      reader: this.#reader,
    });
    await adoption.run();
    pins.recordPorts(snapshot);
    await this.#removeWrong();
    // Counters of adopted rules go on from here: the earlier daemon has reported what was before.
    await this.#readCounters();
    this.entries.report({ carried: () => undefined });
  }

  /** Reads what is in tc when it is unknown. */
  async #refresh(): Promise<void> {
    if (!this.installer.isStale) return;
    for (const device of this.#devices.all()) {
      if (!this.#devices.isThere(device)) {
        this.#dropAll([...device.entries.values()]);
        this.#devices.forget(device);
        continue;
      }
      await this.#reader.removeUnknown(device);
    }
    await this.#readCounters();
    this.installer.isStale = false;
  }

  async #readCounters(): Promise<void> {
    const missing = await this.#reader.readCounters();
    if (missing.length === 0) return;
    // The watchdog has removed them; otherwise they went with their device, or somebody else did it.
    if (this.#watchdog !== undefined && this.#lease.isLapsed()) {
      for (const entry of missing) entry.state = 'lapsed';
      return;
    }
    this.#dropAll(missing);
  }

  #dropAll(entries: readonly Entry[]): void {
    for (const entry of entries) this.entries.remove(entry);
    this.#lose(entries.map(({ id }) => id));
  }

  #lose(ids: readonly FlowId[]): void {
    this.#lost.push(...ids);
    if (ids.length > 0) this.#parts.tools.onLost();
  }

  /** Removes the entries whose ports have changed. */
  async #removeWrong(): Promise<void> {
    await this.#refresh();
    const { snapshot } = this.ports;
    const wrong = [...this.entries.all()].filter(
      (entry) =>
        !portsHold(entry, snapshot, this.#heartbeatMs) ||
        entry.ports.some(({ name }) => this.ports.get(name) === undefined),
    );
    const isGone = ({ device }: Entry): boolean => !this.#devices.isThere(device);
    const gone = wrong.filter(isGone);
    for (const entry of gone) this.entries.remove(entry);
    this.#lost.push(...gone.map(({ id }) => id));
    for (const device of this.#devices.all()) {
      if (!this.#devices.isThere(device)) this.#devices.forget(device);
    }
    const others = wrong.filter((entry) => !isGone(entry));
    await this.#remove(others);
    this.#lost.push(...others.map(({ id }) => id));
  }

  async #remove(entries: readonly Entry[]): Promise<void> {
    const left = await this.installer.remove(entries);
    if (left.length > 0) throw new EntriesNotDeleted(left.length, 'the kernel refused it');
  }

  /** Gives devices back at once on which the vSwitch polices, or something else was found. */
  async #giveBack(): Promise<void> {
    for (const device of this.#devices.all()) {
      const port = this.ports.byIfindex(device.ifindex);
      const isUsable =
        port !== undefined && !port.policed && this.ports.get(port.name) !== undefined;
      if (!isUsable && device.entries.size === 0) await this.#devices.close(device);
    }
  }

  async #closeIdle(): Promise<void> {
    const dueMs = monotonicMs() - this.#parts.options.detachAfterMs;
    for (const device of this.#devices.all()) {
      if (device.entries.size === 0 && device.emptySinceMs < dueMs)
        await this.#devices.close(device);
    }
  }

  async #putBack(): Promise<void> {
    const all = [...this.entries.all()];
    for (const entry of all) entry.state = 'lapsed';
    this.#lose(await this.installer.putBack(all));
    await this.#takeOutAfterLapse();
  }

  /** In hardware, rules are in force while they are there: none may be after a lapse. */
  async #takeOutAfterLapse(): Promise<void> {
    if (this.#lease.mayInstall()) return;
    await this.installer.takeOut([...this.entries.all()], 'lapsed');
  }
}
