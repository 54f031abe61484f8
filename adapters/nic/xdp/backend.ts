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
  Support,
  UnservedPort,
} from '../../../engine/ports/offload-backend.ts';
import { SerialQueue } from '../../../async/serial-queue.ts';
import { encodeActions } from './action-codec.ts';
import { XdpNotStarted, XdpOptionInvalid } from './errors.ts';
import { heartbeatOf } from './heartbeat.ts';
import { encodeMatch, newEncodedMatch } from './match-codec.ts';
import type { XdpBackendOptions } from './options.ts';
import type { PortReport } from './port-report.ts';
import { MAX_MASKS } from './records.ts';
import { Session } from './session.ts';

/**
 * The NIC table as XDP: a BPF program on each port's device forwards the packets of installed flows
 * before the vSwitch receives them.
 *
 * Needs root (CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON), a little-endian CPU, Linux 5.18 or later (6.8
 * on veth). A veth as output needs `gro on` at its peer, and a VM must fill in its own checksums
 * (`tx off`): packets that cannot be redirected, or lack a checksum, go to the vSwitch. So do the
 * packets of a flow whose entry is being replaced, for an RCU grace period (some ms): entries are
 * never overwritten.
 *
 * Two daemons need different pinPaths and ports; a port belongs to the daemon that attached first.
 */
export class XdpBackend implements OffloadBackend {
  readonly name = 'xdp';
  readonly #options: XdpBackendOptions;
  #session: Session | undefined;
  readonly #listeners = new Set<() => void>();
  /** Serializes access to the maps. */
  readonly #serial = new SerialQueue();

  /** @throws {XdpOptionInvalid} */
  constructor(options: XdpBackendOptions) {
    inRange('entries', options.entries, 1, 1 << 22);
    inRange('masks', options.masks, 1, MAX_MASKS);
    inRange('leaseMs', options.leaseMs, 1, 3_600_000);
    inRange('heartbeatMs', options.heartbeatMs, 0, 3_600_000);
    inRange('detachAfterMs', options.detachAfterMs ?? 0, 0, 3_600_000);
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
      this.#session = await Session.open(this.#options, ports);
      this.#session.watchDevices(() => {
        for (const listener of this.#listeners) listener();
      });
    });
  }

  capabilities(): BackendCapabilities {
    const { entries, masks, leaseMs, heartbeatMs, mode } = this.#options;
    return {
      placement: 'offload',
      entries,
      masks,
      leaseMs,
      heartbeatMs,
      heartbeatLimitMs: heartbeatOf(heartbeatMs).limitMs,
      survivesRestart: true,
      reportsLastPacket: true,
      description: this.#session?.description() ?? `XDP (${mode}), not started`,
    };
  }

  unservedPorts(): readonly UnservedPort[] {
    return this.#session?.ports.served.unserved() ?? [];
  }

  inputPorts(): readonly InputPort[] {
    return this.#session?.ports.served.inputs() ?? [];
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
    return this.#serial.run(() => this.#started().updatePorts(ports));
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

  #started(): Session {
    if (this.#session === undefined) throw new XdpNotStarted();
    return this.#session;
  }
}

function expressible(flow: FlowSpec) {
  const refusal = encodeMatch(flow.match, newEncodedMatch());
  if (refusal !== undefined) return refusal;
  const actions = encodeActions(flow.match, flow.actions);
  return actions.ok ? undefined : actions.refusal;
}

function inRange(option: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new XdpOptionInvalid(option, `must be a whole number from ${min} to ${max}, is ${value}`);
}
