import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import type {
  BackendCapabilities,
  Capacity,
  CounterSink,
  EntrySink,
  Operation,
  OperationResult,
  OffloadBackend,
  Support,
} from '../../../engine/ports/offload-backend.ts';
import { SerialQueue } from '../../../async/serial-queue.ts';
import { encodeActions } from './action-codec.ts';
import { XdpNotStarted, XdpOptionInvalid } from './errors.ts';
import { encodeMatch, newEncodedMatch } from './match-codec.ts';
import type { XdpBackendOptions } from './options.ts';
import type { PortReport } from './port-table.ts';
import { MAX_MASKS } from './records.ts';
import { Session } from './session.ts';

/**
 * The NIC as XDP: a BPF program on each port's device takes the packets of installed flows before
 * the vSwitch sees them, and sends them on by itself.
 *
 * Needs root (CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON), a little-endian CPU, Linux 5.18 or later
 * (6.8 on veth). A veth as output needs `gro on` at its peer, and a VM must fill in its own checksums
 * (`tx off`): what cannot be redirected, or is not finished, goes to the vSwitch. So do, for an RCU
 * grace period (some ms), the packets of a flow whose entry is replaced: no entry is written over.
 *
 * Two daemons need a pinPath and ports of their own each: a port belongs to who came first.
 */
export class XdpBackend implements OffloadBackend {
  readonly name = 'xdp';
  readonly #options: XdpBackendOptions;
  #session: Session | undefined;
  readonly #listeners = new Set<() => void>();
  /** What uses the maps does so one by one. */
  readonly #serial = new SerialQueue();

  /** @throws {XdpOptionInvalid} */
  constructor(options: XdpBackendOptions) {
    inRange('entries', options.entries, 1, 1 << 22);
    inRange('masks', options.masks, 1, MAX_MASKS);
    inRange('leaseMs', options.leaseMs, 1, 3_600_000);
    inRange('heartbeatMs', options.heartbeatMs, 0, 3_600_000);
    this.#options = options;
  }

  /**
   * Attaches to the ports and adopts what is pinned. The lease is left as it is: what an earlier
   * daemon installed goes on if its lease holds, and {@link renewLease} prolongs it.
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
      survivesRestart: true,
      tellsLastPacket: true,
      description: this.#session?.description() ?? `XDP (${mode}), not started`,
    };
  }

  /** How each port is served. */
  ports(): readonly PortReport[] {
    return this.#started().ports.report();
  }

  /** Once started, a port of the flow that is not served makes it a no as well. */
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
    return this.#serial.run(() => {
      signal.throwIfAborted();
      this.#started().readCounters(sink);
    });
  }

  /**
   * Calls `listener` when a tc filter, an nftables chain or a qdisc was added to a device or removed, or
   * a device takes redirected frames no longer, or again: {@link portsChanged} then takes out what
   * must go.
   */
  onLost(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  portsChanged(ports: PortSnapshot): Promise<readonly FlowId[]> {
    return this.#serial.run(() => this.#started().follow(ports));
  }

  async renewLease(): Promise<void> {
    this.#started().renewLease(this.#options.leaseMs);
  }

  /** @throws {EntryStuck} when the kernel keeps entries; the next call tries them again */
  withdrawAll(): Promise<number> {
    return this.#serial.run(() => {
      const { ids, stuck } = this.#started().installer.removeWhere(() => true);
      if (stuck !== undefined) throw stuck;
      return ids.length;
    });
  }

  close(how: 'withdraw' | 'keep'): Promise<void> {
    return this.#serial.run(() => {
      this.#session?.close(how);
      this.#session = undefined;
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
