import type { PortSnapshot } from '../../../engine/model/port.ts';
import type {
  BackendCapabilities,
  Capacity,
  EntrySink,
  LeaseRenewal,
  OffloadBackend,
  Operation,
  OperationResult,
  Support,
} from '../../../engine/ports/offload-backend.ts';
import type { EntryTable } from '../game/entry-table.ts';
import type { Hardware } from '../game/hardware.ts';

/** The table of the bench as the daemon drives it. The last word of a flow's id is its number. */
export class TableBackend implements OffloadBackend {
  readonly name = 'table';
  readonly #entries: number;
  readonly #hardware: Hardware;
  /** The table; set before the first plan. */
  table: EntryTable | undefined;

  constructor(entries: number, hardware: Hardware) {
    this.#entries = entries;
    this.#hardware = hardware;
  }

  start(_ports: PortSnapshot): Promise<void> {
    return Promise.resolve();
  }

  capabilities(): BackendCapabilities {
    const { counterDelayMs = 0, heartbeatMs = 0 } = this.#hardware;
    return {
      placement: 'offload',
      entries: this.#entries,
      masks: Number.POSITIVE_INFINITY,
      leaseMs: 1000,
      heartbeatMs,
      heartbeatLimitMs: heartbeatMs,
      counterDelayMs,
      survivesRestart: false,
      reportsLastPacket: true,
      description: `a table of ${this.#entries} entries`,
    };
  }

  supports(): Support {
    return { ok: true };
  }

  capacity(): Capacity {
    const used = this.table?.size ?? 0;
    return { entries: this.#entries, used, masks: Number.POSITIVE_INFINITY, masksUsed: 0 };
  }

  apply(operations: readonly Operation[]): Promise<readonly OperationResult[]> {
    const { table } = this;
    if (table === undefined) return Promise.resolve([]);
    return Promise.resolve(operations.map((operation) => applyTo(table, operation)));
  }

  entries(sink: EntrySink): Promise<void> {
    const { table } = this;
    const size = table?.size ?? 0;
    for (let i = 0; i < size; i++) sink.entry({ w0: 0, w1: 0, w2: 0, w3: table?.at(i) ?? 0 });
    return Promise.resolve();
  }

  counters(): Promise<void> {
    return Promise.resolve();
  }

  portsChanged(): Promise<readonly []> {
    return Promise.resolve([]);
  }

  renewLease(): Promise<LeaseRenewal> {
    return Promise.resolve('renewed');
  }

  endLease(): Promise<void> {
    return Promise.resolve();
  }

  withdrawAll(): Promise<number> {
    const { table } = this;
    if (table === undefined) return Promise.resolve(0);
    const entries = table.size;
    while (table.size > 0) table.evict(table.at(table.size - 1));
    return Promise.resolve(entries);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function applyTo(table: EntryTable, operation: Operation): OperationResult {
  if (operation.kind === 'delete') {
    const flow = operation.id.w3;
    const outcome = table.has(flow) ? 'deleted' : 'absent';
    table.evict(flow);
    return { ok: true, outcome };
  }
  const offered = table.offer(operation.flow.id.w3);
  if (offered === 'placed') return { ok: true, outcome: 'installed' };
  if (offered === 'present') return { ok: true, outcome: 'unchanged' };
  return { ok: false, refusal: { code: offered, detail: `${table.size} entries in use` } };
}
