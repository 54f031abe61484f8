import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import type {
  CounterSink,
  EntrySink,
  LeaseRenewal,
  Operation,
  OperationResult,
  WatchdogState,
} from '../../../engine/ports/offload-backend.ts';
import { monotonicMs } from '../../../async/monotonic.ts';
import { Adoption } from './adoption.ts';
import type { EntryTable } from './entry-table.ts';
import type { HostHandles, OpenHost } from './host-handles.ts';
import type { Installer } from './installer.ts';
import type { FlowerOptions } from './options.ts';
import type { ServedPorts } from './served-ports.ts';
import { connectParts, type SessionParts, type SessionTools } from './session-parts.ts';
import { byDevice } from '../core/tunnel-devices.ts';

/** The state between start and close. */
export class FlowerSession {
  readonly entries: EntryTable;
  readonly ports: ServedPorts;
  readonly installer: Installer;
  readonly #options: FlowerOptions;
  readonly #tools: SessionTools;
  readonly #handles: HostHandles;
  readonly #parts: SessionParts;

  private constructor(options: FlowerOptions, tools: SessionTools, handles: HostHandles) {
    this.#options = options;
    this.#tools = tools;
    this.#handles = handles;
    this.#parts = connectParts(options, tools, handles);
    this.entries = this.#parts.entries;
    this.ports = this.#parts.ports;
    this.installer = this.#parts.installer;
  }

  /** Attaches to the host, and takes over the rules of an earlier daemon. */
  static async open(
    options: FlowerOptions,
    tools: SessionTools & { readonly openHost: OpenHost },
    ports: PortSnapshot,
    signal: AbortSignal,
  ): Promise<FlowerSession> {
    const handles = await tools.openHost(options);
    try {
      const session = new FlowerSession(options, tools, handles);
      await session.#begin(ports);
      await session.#parts.lease.waitForWatchdog(signal);
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
    const { devices, watchdog } = this.#parts;
    const where = rulesIn === 'hardware' ? 'in hardware (skip_sw)' : 'in software (skip_hw)';
    const isUnwatched = watchdog?.isAlive() === false;
    const watched = isUnwatched
      ? '; the lease is not renewed, because the watchdog does not run'
      : '';
    return `tc flower ${where}: ${this.entries.size} rules on ${devices.all().length} devices${watched}`;
  }

  /** The watchdog of rules in hardware; undefined: rules are in software. */
  watchdog(): WatchdogState | undefined {
    const { watchdog, lease, lapses } = this.#parts;
    if (watchdog === undefined) return undefined;
    return {
      isAlive: watchdog.isAlive(),
      pid: watchdog.pid,
      readAgeMs: watchdog.readAgeMs(),
      leaseLeftMs: lease.leftMs(),
      removedEntries: lapses.removedRules,
    };
  }

  /** Applies operations; see {@link OffloadBackend.apply}. */
  async apply(
    operations: readonly Operation[],
    signal: AbortSignal,
  ): Promise<readonly OperationResult[]> {
    const { sync, lapses } = this.#parts;
    signal.throwIfAborted();
    await sync.refresh();
    const results = await this.installer.apply(operations, signal);
    await lapses.takeOut();
    return results;
  }

  /** Reads the counters and which rules there are. @throws {NetworkLockBusy} */
  async readEntries(sink: EntrySink): Promise<void> {
    const { sync } = this.#parts;
    await sync.refresh();
    await sync.readCounters();
    for (const { id } of this.entries.all()) sink.entry(id);
  }

  /** Reports traffic, and gives back devices that have had no rules for a while. */
  async readCounters(sink: CounterSink): Promise<void> {
    const { sync, follower } = this.#parts;
    await sync.refresh();
    await sync.readCounters();
    this.entries.report(sink);
    await follower.closeIdle();
    // The engine asks about the ports again, and so about flows that were refused.
    if (this.ports.hasOldFailure(monotonicMs())) this.#tools.onLost();
  }

  /**
   * Takes new ports: removes what must not stay, and returns the flows whose entries are gone.
   *
   * @throws {EntriesNotDeleted} {@link NetworkLockBusy}
   */
  async updatePorts(reported: PortSnapshot): Promise<readonly FlowId[]> {
    const snapshot = byDevice(reported);
    const { sync, follower } = this.#parts;
    const { otherHooks, pins } = this.#handles;
    try {
      await otherHooks.refresh(snapshot.values());
    } finally {
      this.ports.update(snapshot);
    }
    await sync.refresh();
    sync.addLost(await follower.removeWrong());
    pins.recordPorts(snapshot);
    await follower.giveBack();
    return sync.takeLost();
  }

  async renewLease(verifiedAtMs: number): Promise<LeaseRenewal> {
    const renewal = await this.#parts.lapses.renew(verifiedAtMs);
    if (renewal === 'renewed') this.#parts.pauses.begin();
    return renewal;
  }

  /** Ends the lease; in hardware, rules are removed, and written again after a renewal. */
  endLease(): Promise<void> {
    return this.#parts.lapses.end();
  }

  /** Removes all entries. @throws {EntriesNotDeleted} */
  async withdrawAll(): Promise<number> {
    await this.#parts.sync.refresh();
    const all = [...this.entries.all()];
    await this.#parts.follower.remove(all);
    return all.length;
  }

  async close(how: 'withdraw' | 'keep'): Promise<void> {
    await this.#parts.pauses.close();
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
    const { lease, devices, watchdog } = this.#parts;
    lease.end();
    for (const [ifindex, { madeClsact }] of pins.devices()) {
      await devices.clear(ifindex, devices.get(ifindex)?.name ?? `${ifindex}`, madeClsact);
    }
    watchdog?.stop();
    pins.unpin();
  }

  async #begin(reported: PortSnapshot): Promise<void> {
    const snapshot = byDevice(reported);
    const { otherHooks, pins, tc } = this.#handles;
    const { entries, ports, devices, reader, sync, follower } = this.#parts;
    await otherHooks.refresh(snapshot.values());
    ports.update(snapshot);
    await new Adoption({ tc, pins, entries, ports, devices, reader }).run();
    pins.recordPorts(snapshot);
    await follower.removeWrong();
    // Counters of adopted rules go on from here: the earlier daemon has reported what was before.
    await sync.readCounters();
    entries.report({ carried: () => undefined });
  }
}
