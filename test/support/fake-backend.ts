import type { FlowSpec } from '../../engine/model/flow.ts';
import { type FlowId, formatFlowId } from '../../engine/model/flow-id.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type { Refusal } from '../../engine/model/refusal.ts';
import type {
  BackendCapabilities,
  Capacity,
  CounterSink,
  EntrySink,
  LeaseRenewal,
  Operation,
  OperationResult,
  OffloadBackend,
  Support,
} from '../../engine/ports/offload-backend.ts';

/** A backend in memory with faults set by a test. */
export class FakeBackend implements OffloadBackend {
  readonly name: string = 'fake';
  readonly installed = new Map<string, FlowSpec>();
  readonly log: string[] = [];
  /** Called for every operation; a refusal makes it fail. */
  refuse: (operation: Operation) => Refusal | undefined = () => undefined;
  /** If set, the next apply rejects with it. */
  breakWith: Error | undefined;
  unsupported: (flow: FlowSpec) => Refusal | undefined = () => undefined;
  leases = 0;
  readonly #entries: number;

  readonly #placement: BackendCapabilities['placement'];

  constructor(entries = 100, placement: BackendCapabilities['placement'] = 'offload') {
    this.#entries = entries;
    this.#placement = placement;
    this.name = placement === 'offload' ? 'fake' : 'fake fast path';
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  capabilities(): BackendCapabilities {
    return {
      placement: this.#placement,
      entries: this.#entries,
      masks: Number.POSITIVE_INFINITY,
      leaseMs: 1000,
      heartbeatMs: 0,
      heartbeatLimitMs: 0,
      survivesRestart: true,
      reportsLastPacket: false,
      description: 'a table in memory',
    };
  }

  supports(flow: FlowSpec): Support {
    const refusal = this.unsupported(flow);
    return refusal === undefined ? { ok: true } : { ok: false, refusal };
  }

  capacity(): Capacity {
    return { entries: this.#entries, used: this.installed.size, masks: 1, masksUsed: 1 };
  }

  apply(operations: readonly Operation[]): Promise<readonly OperationResult[]> {
    if (this.breakWith !== undefined) {
      const error = this.breakWith;
      this.breakWith = undefined;
      return Promise.reject(error);
    }
    return Promise.resolve(operations.map((operation) => this.#one(operation)));
  }

  entries(sink: EntrySink): Promise<void> {
    for (const flow of this.installed.values()) sink.entry(flow.id);
    return Promise.resolve();
  }

  counters(_sink: CounterSink): Promise<void> {
    return Promise.resolve();
  }

  portsChanged(ports: PortSnapshot): Promise<readonly FlowId[]> {
    const lost = [...this.installed.values()].filter((f) => !ports.has(f.match.inPort));
    for (const flow of lost) this.installed.delete(formatFlowId(flow.id));
    return Promise.resolve(lost.map((f) => f.id));
  }

  renewLease(_verifiedAtMs: number): Promise<LeaseRenewal> {
    this.leases++;
    return Promise.resolve('renewed');
  }

  endLease(): Promise<void> {
    this.log.push('end lease');
    return Promise.resolve();
  }

  withdrawAll(): Promise<number> {
    const n = this.installed.size;
    this.installed.clear();
    return Promise.resolve(n);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #one(operation: Operation): OperationResult {
    const id = formatFlowId(operation.kind === 'put' ? operation.flow.id : operation.id);
    const refusal = this.refuse(operation);
    this.log.push(`${operation.kind} ${Number.parseInt(id.slice(-8), 16)}`);
    if (refusal !== undefined) return { ok: false, refusal };
    if (operation.kind === 'delete') {
      return { ok: true, outcome: this.installed.delete(id) ? 'deleted' : 'absent' };
    }
    const before = this.installed.get(id);
    if (before === undefined && this.installed.size >= this.#entries) {
      return { ok: false, refusal: { code: 'table-full', detail: `${this.#entries} entries` } };
    }
    this.installed.set(id, operation.flow);
    if (before === undefined) return { ok: true, outcome: 'installed' };
    return { ok: true, outcome: before === operation.flow ? 'unchanged' : 'replaced' };
  }
}
