import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import type {
  BackendCapabilities,
  Capacity,
  CounterSink,
  EntrySink,
  LeaseRenewal,
  Operation,
  OperationResult,
  OffloadBackend,
  PortHook,
  Support,
  UnservedPort,
  WatchdogState,
} from '../../../engine/ports/offload-backend.ts';
import { SerialQueue } from '../../../async/serial-queue.ts';
import { BackendNotStarted, BackendOptionInvalid } from '../core/errors.ts';
import { heartbeatMsOf } from './heartbeat.ts';
import { type OpenHost, openHost } from './host-handles.ts';
import type { FlowerOptions } from './options.ts';
import { heldMs } from './rule-lease.ts';
import { encodeRule, type RulePorts } from './rules/flower-rule.ts';
import { FlowerSession } from './session.ts';
import { canForbidFragments } from './forbid-fragments.ts';
import { type OpenWatchdog, WatchdogProcess } from './watchdog.ts';

const LABEL = 'tc flower';

/** Counters of hardware are read by its driver once a second or two, ms. */
const HARDWARE_COUNTER_DELAY_MS = 2_000;

/** Shortest lease of rules in hardware, ms: a quarter of it is for their removal. */
const MIN_HARDWARE_LEASE_MS = 500;

/** How much later than the vSwitch's own time-outs a heartbeat in hardware can be, ms. */
const PAUSE_DELAY_MS = 1_000;

/** How a backend reaches its host. */
export interface FlowerHost {
  readonly openHost: OpenHost;
  readonly openWatchdog: OpenWatchdog;
  /** Removes what daemons with other adapters have left, before each start. */
  readonly clearOthers: (signal: AbortSignal) => Promise<void>;
}

/** Every port has a device, while no port is known. */
const ANY_PORT: RulePorts = {
  get: () => ({ ifindex: 1, isInternal: false }),
  problem: (name) => `port ${name} is not known yet`,
};

/**
 * Rules of tc flower as a table: in a switchdev NIC (`skip_sw`), or in the kernel's tc before the kernel
 * datapath (`skip_hw`).
 *
 * The packets of a flow whose rule is being replaced go to the vSwitch.
 */
export class FlowerBackend implements OffloadBackend {
  readonly name = 'flower';
  readonly #options: FlowerOptions;
  readonly #host: FlowerHost;
  readonly #listeners = new Set<() => void>();
  /** Serializes access to the table. */
  readonly #serial = new SerialQueue();
  #session: FlowerSession | undefined;

  /**
   * @param host how the watchdog and the host are opened; left out: a process of its own, this host, and nothing is cleared
   * @throws {BackendOptionInvalid}
   */
  constructor(options: FlowerOptions, host: Partial<FlowerHost> = {}) {
    const { rulesIn, leaseMs } = options;
    if (rulesIn === 'hardware' && leaseMs < MIN_HARDWARE_LEASE_MS) {
      const problem = `must be at least ${MIN_HARDWARE_LEASE_MS} with rules in hardware, is ${leaseMs}`;
      throw new BackendOptionInvalid(LABEL, 'leaseMs', problem);
    }
    this.#options = options;
    this.#host = {
      openHost,
      openWatchdog: (pinPath, pins) => new WatchdogProcess(pinPath, pins),
      clearOthers: async () => undefined,
      ...host,
    };
  }

  /**
   * Takes over the rules of an earlier daemon, with its lease.
   *
   * @throws {PinPathInUse} {@link NoBpfFileSystem} {@link LibbpfMissing} {@link ObjectUnusable}
   */
  start(ports: PortSnapshot, signal: AbortSignal): Promise<void> {
    return this.#serial.run(async () => {
      signal.throwIfAborted();
      if (this.#session !== undefined) return;
      await this.#host.clearOthers(signal);
      const notify = (): void => {
        for (const listener of this.#listeners) listener();
      };
      const tools = {
        ...this.#host,
        inTurn: <T>(task: () => Promise<T>) => this.#serial.run(task),
        onLost: notify,
      };
      this.#session = await FlowerSession.open(this.#options, tools, ports, signal);
      this.#session.watch(notify);
    });
  }

  capabilities(): BackendCapabilities {
    const { entries, leaseMs, rulesIn } = this.#options;
    const heartbeatMs = heartbeatMsOf(this.#options);
    const isInHardware = rulesIn === 'hardware';
    return {
      placement: 'offload',
      entries,
      masks: Number.POSITIVE_INFINITY,
      leaseMs,
      verifyWithinMs: heldMs(leaseMs, isInHardware),
      heartbeatMs,
      heartbeatLimitMs:
        heartbeatMs === 0 || !isInHardware ? heartbeatMs : heartbeatMs + PAUSE_DELAY_MS,
      survivesRestart: true,
      reportsLastPacket: false,
      counterDelayMs: isInHardware ? HARDWARE_COUNTER_DELAY_MS : 0,
      description: this.#session?.description() ?? `${LABEL}, not started`,
    };
  }

  watchdog(): WatchdogState | undefined {
    return this.#session?.watchdog();
  }

  unservedPorts(): readonly UnservedPort[] {
    return this.#session?.ports.unserved() ?? [];
  }

  portHooks(): readonly PortHook[] {
    const session = this.#session;
    if (session === undefined) return [];
    const why = `backend.adapter is "flower", with rules in ${this.#options.rulesIn}`;
    return session.ports
      .served()
      .map((name) => ({ name, hook: 'flower', reason: 'configured', why }));
  }

  /** After the start, also refuses flows with a port that is not served. */
  supports(flow: FlowSpec): Support {
    const session = this.#session;
    if (session === undefined) {
      const isInSoftware = this.#options.rulesIn === 'software';
      const outcome = encodeRule(flow, ANY_PORT, {
        heartbeat: true,
        isInSoftware,
        canForbidFragments: canForbidFragments(),
      });
      return outcome.ok ? { ok: true } : outcome;
    }
    const rule = session.installer.check(flow);
    return 'code' in rule ? { ok: false, refusal: rule } : { ok: true };
  }

  capacity(): Capacity {
    const used = this.#session?.entries.size ?? 0;
    return {
      entries: this.#options.entries,
      used,
      masks: Number.POSITIVE_INFINITY,
      masksUsed: 0,
    };
  }

  apply(
    operations: readonly Operation[],
    signal: AbortSignal,
  ): Promise<readonly OperationResult[]> {
    return this.#serial.run(() => this.#started().apply(operations, signal));
  }

  entries(sink: EntrySink, signal: AbortSignal): Promise<void> {
    return this.#serial.run(() => {
      signal.throwIfAborted();
      return this.#started().readEntries(sink);
    });
  }

  counters(sink: CounterSink, signal: AbortSignal): Promise<void> {
    return this.#serial.run(() => {
      signal.throwIfAborted();
      return this.#started().readCounters(sink);
    });
  }

  portsChanged(ports: PortSnapshot): Promise<readonly FlowId[]> {
    return this.#serial.run(() => this.#started().updatePorts(ports));
  }

  /** Calls `listener` when another hook appears on a device or goes, and when rules were lost. */
  onLost(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Waits for operations only after a lapse of rules in hardware, which are written again then. */
  async renewLease(verifiedAtMs: number): Promise<LeaseRenewal> {
    return this.#started().renewLease(verifiedAtMs);
  }

  endLease(): Promise<void> {
    return this.#serial.run(() => this.#started().endLease());
  }

  /** @throws {EntriesNotDeleted} when the kernel did not delete some; the next call retries */
  withdrawAll(): Promise<number> {
    return this.#serial.run(() => this.#started().withdrawAll());
  }

  async close(how: 'withdraw' | 'keep'): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.close(how);
  }

  #started(): FlowerSession {
    if (this.#session === undefined) throw new BackendNotStarted(LABEL);
    return this.#session;
  }
}
