import { copied } from '../engine/model/columns.ts';
import type { FlowId } from '../engine/model/flow-id.ts';
import { FlowIndex } from '../engine/model/flow-index.ts';
import type { FlowSpec } from '../engine/model/flow.ts';
import type { PortSnapshot } from '../engine/model/port.ts';
import type { Clock } from '../engine/ports/clock.ts';
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
} from '../engine/ports/offload-backend.ts';
import { HEARTBEAT_MS } from './settings.ts';

/** Options of a {@link MemoryBackend}. */
export interface MemoryBackendOptions {
  readonly placement: BackendCapabilities['placement'];
  readonly entries: number;
  readonly clock: Clock;
  /** Called with the lifetime of each removed entry, ms. */
  readonly ended?: (ms: number) => void;
}

const FREE = 0;
const GONE = 1;
const INSTALLED = 2;

/**
 * The backend of simulations: a table of a given size that never fails. Entries are rows of
 * columns, found by ufid in constant time; nothing is allocated per packet.
 */
export class MemoryBackend implements OffloadBackend {
  readonly name: string;
  readonly #options: MemoryBackendOptions;
  #used = 0;
  /** Places used so far. */
  #high = 0;
  readonly #free: number[] = [];
  #words = new Uint32Array(0);
  readonly #index = new FlowIndex(this.#words);
  /** By place: FREE, INSTALLED, or GONE while it has traffic that has not been read yet. */
  #state = new Uint8Array(0);
  #sinceMs = new Float64Array(0);
  /** Traffic since the counters were last read, and time of the last packet, by place. */
  #packets = new Float64Array(0);
  #bytes = new Float64Array(0);
  #lastAtMs = new Float64Array(0);

  constructor(options: MemoryBackendOptions) {
    this.name = options.placement;
    this.#options = options;
  }

  /** Place of the flow's entry, or -1 when it has none; valid until the next `apply`. */
  placeOf({ w0, w1, w2, w3 }: FlowId): number {
    return this.findPlace(w0, w1, w2, w3);
  }

  /** As {@link placeOf}, by the words of the id. */
  findPlace(w0: number, w1: number, w2: number, w3: number): number {
    const place = this.#index.find(w0, w1, w2, w3);
    return place >= 0 && this.#state[place] === INSTALLED ? place : -1;
  }

  /** Carries packets of the flow whose entry is at `place`; `atMs`: time of the last of them, ms. */
  carry(place: number, packets: number, bytes: number, atMs: number): void {
    this.#packets[place] += packets;
    this.#bytes[place] += bytes;
    this.#lastAtMs[place] = atMs;
  }

  /** Age of each entry, ms. */
  ages(nowMs: number): readonly number[] {
    const ages: number[] = [];
    for (let place = 0; place < this.#high; place++) {
      if (this.#state[place] === INSTALLED) ages.push(nowMs - this.#sinceMs[place]);
    }
    return ages;
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
      heartbeatMs: HEARTBEAT_MS,
      heartbeatLimitMs: HEARTBEAT_MS,
      survivesRestart: false,
      reportsLastPacket: true,
      description: `a table of ${entries} entries in memory`,
    };
  }

  supports(flow: FlowSpec): Support {
    if (flow.match.opaque.length > 0) return UNSUPPORTED_MATCH;
    return flow.actions.some((a) => a.kind === 'opaque') ? UNSUPPORTED_ACTION : SUPPORTED;
  }

  capacity(): Capacity {
    const { entries } = this.#options;
    return { entries, used: this.#used, masks: Number.POSITIVE_INFINITY, masksUsed: 0 };
  }

  apply(operations: readonly Operation[]): Promise<readonly OperationResult[]> {
    return Promise.resolve(
      operations.map((o) => (o.kind === 'put' ? this.#put(o.flow.id) : this.#delete(o.id))),
    );
  }

  entries(sink: EntrySink): Promise<void> {
    for (let place = 0; place < this.#high; place++) {
      if (this.#state[place] !== INSTALLED) continue;
      const [w0, w1, w2, w3] = this.#words.subarray(place * 4, place * 4 + 4);
      sink.entry({ w0, w1, w2, w3 });
    }
    return Promise.resolve();
  }

  counters(sink: CounterSink): Promise<void> {
    const w = this.#words;
    const nowMs = this.#options.clock.now();
    for (let place = 0; place < this.#high; place++) {
      if (this.#packets[place] > 0) {
        const at = place * 4;
        const packets = this.#packets[place];
        const bytes = this.#bytes[place];
        this.#packets[place] = 0;
        this.#bytes[place] = 0;
        const idleMs = Math.max(0, nowMs - this.#lastAtMs[place]);
        sink.carried(w[at], w[at + 1], w[at + 2], w[at + 3], packets, bytes, idleMs);
      }
      if (this.#state[place] === GONE) this.#release(place);
    }
    return Promise.resolve();
  }

  portsChanged(_ports: PortSnapshot): Promise<readonly FlowId[]> {
    return Promise.resolve([]);
  }

  renewLease(): Promise<LeaseRenewal> {
    return Promise.resolve('renewed');
  }

  endLease(): Promise<void> {
    return Promise.resolve();
  }

  withdrawAll(): Promise<number> {
    const entries = this.#used;
    for (let place = 0; place < this.#high; place++) {
      if (this.#state[place] === INSTALLED) this.#removeAt(place);
    }
    return Promise.resolve(entries);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #put({ w0, w1, w2, w3 }: FlowId): OperationResult {
    let place = this.#index.find(w0, w1, w2, w3);
    if (place >= 0 && this.#state[place] === INSTALLED) return REPLACED;
    if (this.#used >= this.#options.entries) {
      const detail = `all ${this.#options.entries} entries are in use`;
      return { ok: false, refusal: { code: 'table-full', detail } };
    }
    if (place < 0) {
      place = this.#free.pop() ?? this.#high++;
      if (place >= this.#state.length) this.#grow();
      this.#words.set([w0, w1, w2, w3], place * 4);
      this.#index.insert(place);
    }
    this.#state[place] = INSTALLED;
    this.#sinceMs[place] = this.#options.clock.now();
    this.#used++;
    return PUT;
  }

  #delete(id: FlowId): OperationResult {
    const place = this.placeOf(id);
    if (place < 0) return ABSENT;
    this.#removeAt(place);
    return DELETED;
  }

  #removeAt(place: number): void {
    const { clock, ended } = this.#options;
    ended?.(clock.now() - this.#sinceMs[place]);
    this.#used--;
    if (this.#packets[place] > 0) this.#state[place] = GONE;
    else this.#release(place);
  }

  #release(place: number): void {
    this.#index.remove(place);
    this.#state[place] = FREE;
    this.#free.push(place);
  }

  #grow(): void {
    const places = Math.max(256, this.#state.length * 2);
    this.#words = copied(this.#words, new Uint32Array(places * 4));
    this.#index.rebase(this.#words);
    this.#state = copied(this.#state, new Uint8Array(places));
    this.#sinceMs = copied(this.#sinceMs, new Float64Array(places));
    this.#packets = copied(this.#packets, new Float64Array(places));
    this.#bytes = copied(this.#bytes, new Float64Array(places));
    this.#lastAtMs = copied(this.#lastAtMs, new Float64Array(places));
  }
}

const SUPPORTED: Support = { ok: true };
const UNSUPPORTED_MATCH = unsupported('unsupported-match');
const UNSUPPORTED_ACTION = unsupported('unsupported-action');
const PUT: OperationResult = { ok: true, outcome: 'installed' };
const REPLACED: OperationResult = { ok: true, outcome: 'replaced' };
const DELETED: OperationResult = { ok: true, outcome: 'deleted' };
const ABSENT: OperationResult = { ok: true, outcome: 'absent' };

function unsupported(code: 'unsupported-match' | 'unsupported-action'): Support {
  const detail = 'it has a match that only the vSwitch supports';
  return { ok: false, refusal: { code, detail } };
}
