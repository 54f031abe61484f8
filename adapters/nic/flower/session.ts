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
import { Adoption } from './adoption.ts';
import { Devices } from './devices.ts';
import type { Entry } from './entry.ts';
import { EntryTable } from './entry-table.ts';
import { heartbeatMsOf } from './heartbeat.ts';
import type { HostHandles, OpenHost } from './host-handles.ts';
import { Installer } from './installer.ts';
import type { FlowerOptions } from './options.ts';
import { Pauses } from './pauses.ts';
import { PortFollower } from './port-follower.ts';
import { RuleLease } from './rule-lease.ts';
import { RuleMoves } from './rule-moves.ts';
import { RuleReader } from './rule-reader.ts';
import { ServedPorts } from './served-ports.ts';
import { StepSender } from './steps.ts';
import type { OpenWatchdog } from './watchdog.ts';

/** How long a rule in hardware is out of the table for a heartbeat, ms. */
const PAUSE_MS = 100;

/** What a session is opened with besides its options. */
export interface SessionTools {
  readonly openWatchdog: OpenWatchdog;
  readonly openHost: OpenHost;
  /** Runs a task when no other uses the table. */
  readonly inTurn: <T>(task: () => Promise<T>) => Promise<T>;
  readonly onLost: () => void;
}

/** The state between start and close. */
export class FlowerSession {
  readonly entries = new EntryTable();
  readonly ports: ServedPorts;
  readonly installer: Installer;
  readonly #options: FlowerOptions;
  readonly #tools: SessionTools;
  readonly #handles: HostHandles;
  readonly #devices: Devices;
  readonly #reader: RuleReader;
  readonly #sender: StepSender;
  readonly #moves: RuleMoves;
  readonly #lease: RuleLease;
  readonly #watchdog: ReturnType<OpenWatchdog> | undefined;
  readonly #pauses: Pauses;
  readonly #follower: PortFollower;
  /** Flows whose entries are gone and have not been reported yet. */
  readonly #lost: FlowId[] = [];

  private constructor(options: FlowerOptions, tools: SessionTools, handles: HostHandles) {
    const { pins, tc, otherHooks, lease, gate, ifindexOf, takesRules } = handles;
    const { rulesIn, entries: limit, leaseMs, pinPath } = options;
    const { entries } = this;
    this.#options = options;
    this.#tools = tools;
    this.#handles = handles;
    const heartbeatMs = heartbeatMsOf(options);
    this.#watchdog = rulesIn === 'hardware' ? tools.openWatchdog(pinPath, pins) : undefined;
    this.#watchdog?.ensure();
    this.#lease = new RuleLease(lease, pins, this.#watchdog, leaseMs);
    const mayInstall = (): boolean => this.#lease.mayInstall();
    this.ports = new ServedPorts(options.ports, otherHooks);
    const { ports } = this;
    this.#devices = new Devices({ tc, pins, gate, ifindexOf, takesRules });
    const devices = this.#devices;
    const common = { tc, entries, devices, ports, rulesIn };
    this.#sender = new StepSender(tc, rulesIn);
    this.#moves = new RuleMoves(this.#sender, entries, rulesIn);
    const writers = { sender: this.#sender, moves: this.#moves };
    this.installer = new Installer({ ...common, ...writers, limit, heartbeatMs, mayInstall });
    this.#reader = new RuleReader({ ...common, pins });
    const { detachAfterMs } = options;
    const followed = { entries, ports, devices, moves: this.#moves };
    this.#follower = new PortFollower({ ...followed, heartbeatMs, detachAfterMs });
    this.#pauses = new Pauses({
      entries,
      moves: this.#moves,
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
    signal: AbortSignal,
  ): Promise<FlowerSession> {
    const handles = await tools.openHost(options);
    try {
      const session = new FlowerSession(options, tools, handles);
      await session.#begin(ports);
      await session.#lease.waitForWatchdog(signal);
      return session;
    } catch (error) {
      handles.close();
      throw error;
    }
  }

  /** The ports on which other hooks are watched. */
  watch(onChange: () => void): void {
    this.#handles.otherHooks.watch(() => [...this.ports.snapshot.values()], onChange);
  }

  description(): string {
    const { rulesIn } = this.#options;
    const devices = this.#devices.all().length;
    const where = rulesIn === 'hardware' ? 'in hardware (skip_sw)' : 'in software (skip_hw)';
    const isUnwatched = this.#watchdog?.isAlive() === false;
    const watched = isUnwatched
      ? '; the lease is not renewed, because the watchdog does not run'
      : '';
    return `tc flower ${where}: ${this.entries.size} rules on ${devices} devices${watched}`;
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
    await this.#follower.closeIdle();
    // The engine asks about the ports again, and so about flows that were refused.
    if (this.ports.hasOldFailure(monotonicMs())) this.#tools.onLost();
  }

  /**
   * Takes new ports: removes what must not stay, and returns the flows whose entries are gone.
   *
   * @throws {EntriesNotDeleted} {@link NetworkLockBusy}
   */
  async updatePorts(snapshot: PortSnapshot): Promise<readonly FlowId[]> {
    try {
      await this.#handles.otherHooks.refresh(snapshot.values());
    } finally {
      this.ports.update(snapshot);
    }
    await this.#refresh();
    this.#lost.push(...(await this.#follower.removeWrong()));
    this.#handles.pins.recordPorts(snapshot);
    await this.#follower.giveBack();
    return this.#lost.splice(0);
  }

  async renewLease(verifiedAtMs: number): Promise<LeaseRenewal> {
    const { inTurn } = this.#tools;
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
    await this.#follower.remove(all);
    return all.length;
  }

  async close(how: 'withdraw' | 'keep'): Promise<void> {
    await this.#pauses.close();
    await this.#tools.inTurn(async () => {
      try {
        if (how === 'withdraw') await this.#withdraw();
      } finally {
        this.#handles.close();
      }
    });
  }

  async #withdraw(): Promise<void> {
    const { pins } = this.#handles;
    this.#lease.end();
    const served = new Map(this.#devices.all().map((device) => [device.ifindex, device]));
    for (const [ifindex, madeClsact] of pins.devices()) {
      await this.#devices.clear(ifindex, served.get(ifindex)?.name ?? `${ifindex}`, madeClsact);
    }
    this.#watchdog?.stop();
    pins.unpin();
  }

  async #begin(snapshot: PortSnapshot): Promise<void> {
    const { otherHooks, pins, tc } = this.#handles;
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
    await this.#follower.removeWrong();
    // Counters of adopted rules go on from here: the earlier daemon has reported what was before.
    await this.#readCounters();
    this.entries.report({ carried: () => undefined });
  }

  /** Reads what is in tc when it is unknown. */
  async #refresh(): Promise<void> {
    if (!this.#sender.isStale) return;
    for (const device of this.#devices.all()) {
      if (!this.#devices.isThere(device)) {
        this.#dropAll([...device.entries.values()]);
        this.#devices.forget(device);
        continue;
      }
      await this.#reader.removeUnknown(device);
    }
    await this.#readCounters();
    this.#sender.isStale = false;
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
    if (ids.length > 0) this.#tools.onLost();
  }

  async #putBack(): Promise<void> {
    const all = [...this.entries.all()];
    for (const entry of all) entry.state = 'lapsed';
    this.#lose(await this.#moves.putBack(all));
    await this.#takeOutAfterLapse();
  }

  /** In hardware, rules are in force while they are there: none may be after a lapse. */
  async #takeOutAfterLapse(): Promise<void> {
    if (this.#lease.mayInstall()) return;
    await this.#moves.takeOut([...this.entries.all()], 'lapsed');
  }
}
