import { type FlowId, formatFlowId } from '../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type {
  BackendCapabilities,
  Capacity,
  CounterSink,
  EntrySink,
  Operation,
  OperationResult,
  PathBackend,
  Support,
} from '../../engine/ports/path-backend.ts';

/** What a {@link MemoryBackend} is like. */
export interface MemoryBackendOptions {
  readonly placement: BackendCapabilities['placement'];
  readonly entries: number;
}

/** A table of a given size that never fails: the backend of policy tests. */
export class MemoryBackend implements PathBackend {
  readonly name: string;
  readonly #options: MemoryBackendOptions;
  readonly #installed = new Map<string, FlowSpec>();
  /** What was carried since the counters were last read, by ufid. */
  readonly #carried = new Map<string, { id: FlowId; packets: number; bytes: number }>();

  constructor(options: MemoryBackendOptions) {
    this.name = options.placement;
    this.#options = options;
  }

  /** True while the flow has an entry. */
  has(id: FlowId): boolean {
    return this.#installed.has(formatFlowId(id));
  }

  /** Carries packets of a flow that has an entry. */
  carry(id: FlowId, packets: number, bytes: number): void {
    const key = formatFlowId(id);
    const sum = this.#carried.get(key) ?? { id, packets: 0, bytes: 0 };
    sum.packets += packets;
    sum.bytes += bytes;
    this.#carried.set(key, sum);
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  capabilities(): BackendCapabilities {
    const { placement, entries } = this.#options;
    return {
      placement,
      entries,
      masks: Number.POSITIVE_INFINITY,
      leaseMs: 1000,
      heartbeatMs: 1000,
      survivesRestart: false,
      description: `a table of ${entries} entries in memory`,
    };
  }

  supports(flow: FlowSpec): Support {
    if (flow.match.opaque.length > 0) return unsupported('unsupported-match');
    if (flow.actions.some((a) => a.kind === 'opaque')) return unsupported('unsupported-action');
    return { ok: true };
  }

  capacity(): Capacity {
    const { entries } = this.#options;
    const used = this.#installed.size;
    return { entries, used, masks: Number.POSITIVE_INFINITY, masksUsed: 0 };
  }

  apply(operations: readonly Operation[]): Promise<readonly OperationResult[]> {
    return Promise.resolve(operations.map((operation) => this.#one(operation)));
  }

  entries(sink: EntrySink): Promise<void> {
    for (const { id } of this.#installed.values()) sink.entry(id);
    return Promise.resolve();
  }

  counters(sink: CounterSink): Promise<void> {
    for (const { id, packets, bytes } of this.#carried.values()) {
      sink.carried(id.w0, id.w1, id.w2, id.w3, packets, bytes);
    }
    this.#carried.clear();
    return Promise.resolve();
  }

  portsChanged(_ports: PortSnapshot): Promise<readonly FlowId[]> {
    return Promise.resolve([]);
  }

  renewLease(): Promise<void> {
    return Promise.resolve();
  }

  withdrawAll(): Promise<number> {
    const entries = this.#installed.size;
    this.#installed.clear();
    return Promise.resolve(entries);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #one(operation: Operation): OperationResult {
    if (operation.kind === 'delete') {
      const deleted = this.#installed.delete(formatFlowId(operation.id));
      return { ok: true, outcome: deleted ? 'deleted' : 'absent' };
    }
    const key = formatFlowId(operation.flow.id);
    const there = this.#installed.has(key);
    if (!there && this.#installed.size >= this.#options.entries) {
      const detail = `all ${this.#options.entries} entries are in use`;
      return { ok: false, refusal: { code: 'table-full', detail } };
    }
    this.#installed.set(key, operation.flow);
    return { ok: true, outcome: there ? 'replaced' : 'installed' };
  }
}

function unsupported(code: 'unsupported-match' | 'unsupported-action'): Support {
  const detail = 'it holds something only the vSwitch knows';
  return { ok: false, refusal: { code, detail } };
}
