import type { FlowId } from '../engine/model/flow-id.ts';
import { formatFlowId } from '../engine/model/flow-id.ts';
import type {
  BackendCapabilities,
  Capacity,
  EntrySink,
  Operation,
  OperationResult,
  PathBackend,
  Support,
} from '../engine/ports/path-backend.ts';

/** Takes every flow and does nothing with it: what is measured is the deciding. */
export class WillingBackend implements PathBackend {
  readonly name = 'willing';
  readonly #installed = new Map<string, FlowId>();
  readonly #entries: number;

  constructor(entries: number) {
    this.#entries = entries;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  capabilities(): BackendCapabilities {
    return {
      placement: 'offload',
      entries: this.#entries,
      masks: Number.POSITIVE_INFINITY,
      leaseMs: 1000,
      heartbeatMs: 0,
      survivesRestart: false,
      description: 'takes everything',
    };
  }

  supports(): Support {
    return { ok: true };
  }

  capacity(): Capacity {
    const used = this.#installed.size;
    return { entries: this.#entries, used, masks: 1, masksUsed: 1 };
  }

  apply(operations: readonly Operation[]): Promise<readonly OperationResult[]> {
    return Promise.resolve(
      operations.map((operation): OperationResult => {
        const id = operation.kind === 'put' ? operation.flow.id : operation.id;
        if (operation.kind === 'put') this.#installed.set(formatFlowId(id), id);
        else this.#installed.delete(formatFlowId(id));
        return { ok: true, outcome: operation.kind === 'put' ? 'installed' : 'deleted' };
      }),
    );
  }

  entries(sink: EntrySink): Promise<void> {
    for (const id of this.#installed.values()) sink.entry(id);
    return Promise.resolve();
  }

  counters(): Promise<void> {
    return Promise.resolve();
  }

  portsChanged(): Promise<readonly FlowId[]> {
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
}
