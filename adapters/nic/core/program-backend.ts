import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import type {
  BackendCapabilities,
  Capacity,
  CounterSink,
  EntrySink,
  InputPort,
  LeaseRenewal,
  Operation,
  OperationResult,
  OffloadBackend,
  PortHook,
  Support,
  UnservedPort,
} from '../../../engine/ports/offload-backend.ts';
import { SerialQueue } from '../../../async/serial-queue.ts';
import { encodeActions, EncodedActions } from './action-codec.ts';
import { BackendNotStarted, BackendOptionInvalid } from './errors.ts';
import { heartbeatOf } from './heartbeat.ts';
import type { OpenHostHooks } from './hook.ts';
import { EncodedMatch, encodeMatch } from './match-codec.ts';
import type { ProgramBackendOptions } from './options.ts';
import type { PortReport } from './port-report.ts';
import { MAX_MASKS } from './records.ts';
import { Session } from './session.ts';
import { byDevice } from './tunnel-devices.ts';
import { EncodedTunnel } from './tunnel-match-codec.ts';

/** What distinguishes one such backend from another. */
export interface BackendKind {
  readonly name: string;
  /** Its name in texts. */
  readonly label: string;
  /** How it is configured to run, for its description before the start. */
  readonly how: string;
  readonly open: OpenHostHooks;
  /** Removes what daemons with other adapters have left, before each start; left out: nothing. */
  readonly clearOthers?: (signal: AbortSignal) => Promise<void>;
}

/**
 * A NIC table whose entries a BPF program looks up, at a hook of each port's device that packets
 * reach before the vSwitch.
 *
 * The packets of a flow whose entry is being replaced go to the vSwitch for an RCU grace period
 * (some ms): entries are never overwritten.
 *
 * Two daemons need different pinPaths and ports; a port belongs to the daemon that attached first.
 */
export class ProgramBackend implements OffloadBackend {
  readonly name: string;
  readonly #kind: BackendKind;
  readonly #options: ProgramBackendOptions;
  #session: Session | undefined;
  readonly #listeners = new Set<() => void>();
  /** Serializes access to the maps. */
  readonly #serial = new SerialQueue();

  /** @throws {BackendOptionInvalid} */
  constructor(kind: BackendKind, options: ProgramBackendOptions) {
    const inRange = (option: string, value: number, min: number, max: number): void => {
      if (Number.isInteger(value) && value >= min && value <= max) return;
      const problem = `must be a whole number from ${min} to ${max}, is ${value}`;
      throw new BackendOptionInvalid(kind.label, option, problem);
    };
    inRange('entries', options.entries, 1, 1 << 22);
    inRange('masks', options.masks, 1, MAX_MASKS);
    inRange('leaseMs', options.leaseMs, 1, 3_600_000);
    inRange('heartbeatMs', options.heartbeatMs, 0, 3_600_000);
    inRange('detachAfterMs', options.detachAfterMs ?? 0, 0, 3_600_000);
    this.name = kind.name;
    this.#kind = kind;
    this.#options = options;
  }

  /**
   * Attaches to the ports and adopts the pinned entries. The lease does not change: the entries of
   * an earlier daemon stay active while its lease holds; {@link renewLease} extends it.
   *
   * @throws {PinPathInUse} {@link NoBpfFileSystem} {@link LibbpfMissing} {@link ObjectUnusable}
   */
  start(ports: PortSnapshot, signal: AbortSignal): Promise<void> {
    return this.#serial.run(async () => {
      signal.throwIfAborted();
      if (this.#session !== undefined) return;
      await this.#kind.clearOthers?.(signal);
      this.#session = await Session.open(this.#options, this.#kind.open, byDevice(ports));
      this.#session.watchDevices(() => {
        for (const listener of this.#listeners) listener();
      });
    });
  }

  capabilities(): BackendCapabilities {
    const { entries, masks, leaseMs, heartbeatMs } = this.#options;
    const describe = (): string => this.#describe();
    return {
      placement: 'offload',
      entries,
      masks,
      leaseMs,
      heartbeatMs,
      heartbeatLimitMs: heartbeatOf(heartbeatMs).limitMs,
      survivesRestart: true,
      reportsLastPacket: true,
      // On request: the loop reads the other ones several times a tick.
      get description() {
        return describe();
      },
    };
  }

  unservedPorts(): readonly UnservedPort[] {
    return this.#session?.ports.served.unserved() ?? [];
  }

  inputPorts(): readonly InputPort[] {
    return this.#session?.ports.served.inputs() ?? [];
  }

  portHooks(): readonly PortHook[] {
    return this.#session?.ports.served.hooks() ?? [];
  }

  /** How each port is served. */
  ports(): readonly PortReport[] {
    return this.#started().ports.served.report();
  }

  /** After the start, also refuses flows with a port that is not served. */
  supports(flow: FlowSpec): Support {
    const session = this.#session;
    const refusal = session === undefined ? expressible(flow) : session.installer.check(flow);
    return refusal === undefined ? { ok: true } : { ok: false, refusal };
  }

  capacity(): Capacity {
    const { entries, masks } = this.#options;
    const used = this.#session?.entries.count ?? 0;
    return { entries, used, masks, masksUsed: this.#session?.masks.used ?? 0 };
  }

  apply(
    operations: readonly Operation[],
    signal: AbortSignal,
  ): Promise<readonly OperationResult[]> {
    return this.#serial.run(() => this.#started().installer.apply(operations, signal));
  }

  entries(sink: EntrySink, signal: AbortSignal): Promise<void> {
    return this.#serial.run(() => {
      signal.throwIfAborted();
      this.#started().readEntries(sink);
    });
  }

  counters(sink: CounterSink, signal: AbortSignal): Promise<void> {
    return this.#serial.run(async () => {
      signal.throwIfAborted();
      await this.#started().readCounters(sink);
    });
  }

  /**
   * Calls `listener` when a tc filter, an nftables chain or a qdisc was added to or removed from a
   * device, or when a device stops or resumes accepting redirected frames. {@link portsChanged}
   * then removes the entries concerned.
   */
  onLost(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  portsChanged(ports: PortSnapshot): Promise<readonly FlowId[]> {
    return this.#serial.run(() => this.#started().updatePorts(byDevice(ports)));
  }

  /** Not serialized: the lease does not wait for operations on the maps. */
  async renewLease(verifiedAtMs: number): Promise<LeaseRenewal> {
    return this.#started().lease.renew(verifiedAtMs, verifiedAtMs + this.#options.leaseMs);
  }

  async endLease(): Promise<void> {
    this.#started().lease.end();
  }

  /** @throws {EntriesNotDeleted} when the kernel did not delete some entries; the next call retries */
  withdrawAll(): Promise<number> {
    return this.#serial.run(() => {
      const { ids, failure } = this.#started().installer.removeWhere(() => true);
      if (failure !== undefined) throw failure;
      return ids.length;
    });
  }

  close(how: 'withdraw' | 'keep'): Promise<void> {
    return this.#serial.run(async () => {
      const session = this.#session;
      this.#session = undefined;
      await session?.close(how);
    });
  }

  #describe(): string {
    const { label, how } = this.#kind;
    return this.#session?.description() ?? `${label} (${how}), not started`;
  }

  #started(): Session {
    if (this.#session === undefined) throw new BackendNotStarted(this.#kind.label);
    return this.#session;
  }
}

function expressible({ match, actions }: FlowSpec) {
  return (
    encodeMatch(match, new EncodedMatch()) ??
    (match.tunnel && new EncodedTunnel().encode(match.tunnel)) ??
    encodeActions(match, actions, new EncodedActions())
  );
}
