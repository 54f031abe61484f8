import { monotonicMs } from '../../../async/monotonic.ts';
import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import type {
  BackendCapabilities,
  Capacity,
  CounterSink,
  EntrySink,
  LeaseRenewal,
  OffloadBackend,
  Operation,
  OperationResult,
  Support,
  WatchdogState,
} from '../../../engine/ports/offload-backend.ts';
import { sameFilter } from '../../../protocols/ethtool/receive-filter.ts';
import { BackendCalls } from './backend-calls.ts';
import type { FilterDevice } from './keeper/filter-device.ts';
import { filterOfFlow } from './filter-of-flow.ts';
import { type FilterEntry, FilterTable } from './filter-table.ts';
import { discoverShapes, type KeyShape } from './key-shapes.ts';
import { KeeperLease, type LeaseUsers } from './keeper-lease.ts';
import type { FilterWriter } from './keeper/filter-writer.ts';
import { checkOptions, type NtupleOptions } from './options.ts';

/** What the backend works on. */
export interface NtupleParts {
  /** For what changes nothing: discovery and limits. */
  readonly device: FilterDevice;
  /** Writes the filters, under the lease. */
  readonly writer: FilterWriter;
  readonly log: (line: string) => void;
  /** CLOCK_MONOTONIC, ms. */
  readonly nowMs?: () => number;
}

/**
 * Receive filters of a NIC (`ethtool -N`): packets of a flow that arrive from the wire go to a
 * virtual function or a queue, past the vSwitch.
 *
 * NICs have neither counters nor time-outs for filters. So this backend reports no traffic and sends
 * no heartbeats, and the keeper process removes the filters when the lease ends.
 */
export class NtupleBackend implements OffloadBackend {
  readonly name = 'ntuple';
  readonly #options: NtupleOptions;
  readonly #device: FilterDevice;
  readonly #writer: FilterWriter;
  readonly #table: FilterTable;
  readonly #calls: BackendCalls;
  readonly #lease: KeeperLease;
  #shapes: ReadonlySet<KeyShape> = new Set();
  #ports: PortSnapshot = new Map();
  #entries: number;

  /** @throws {BackendOptionInvalid} */
  constructor(options: NtupleOptions, { device, writer, log, nowMs = monotonicMs }: NtupleParts) {
    checkOptions(options);
    this.#options = options;
    this.#device = device;
    this.#writer = writer;
    this.#entries = options.entries;
    this.#table = new FilterTable(options.uplink, options.entries, writer);
    this.#calls = new BackendCalls('ntuple', log);
    const table = this.#table;
    const users: LeaseUsers = {
      get entries() {
        return table.used;
      },
      renewed: async () => undefined,
      restore: async () => this.#calls.lose(await this.#table.restore()),
      lapsed: async () => this.#table.lapse(),
    };
    this.#lease = new KeeperLease({ leaseMs: options.leaseMs, writer, users, nowMs });
    writer.onLapse(() =>
      this.#calls.runUnasked('the end of the lease', () => this.#lease.removed()),
    );
  }

  /** @throws {EthtoolRefused} when the NIC has no receive filters */
  async start(ports: PortSnapshot, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#writer.start();
    const { places } = await this.#device.info();
    if (places > 0) this.#entries = Math.min(this.#options.entries, places);
    this.#shapes = await discoverShapes(this.#device);
    this.#ports = ports;
    this.#calls.open();
  }

  capabilities(): BackendCapabilities {
    const { uplink, leaseMs } = this.#options;
    const shapes = [...this.#shapes].join(', ') || 'none';
    return {
      placement: 'offload',
      entries: this.#entries,
      masks: Number.POSITIVE_INFINITY,
      leaseMs,
      heartbeatMs: 0,
      heartbeatLimitMs: 0,
      survivesRestart: false,
      reportsLastPacket: false,
      countsTraffic: false,
      description: `receive filters of ${uplink}, ${this.#entries} places; keys: ${shapes}`,
    };
  }

  supports(flow: FlowSpec): Support {
    const filter = this.#filterOf(flow);
    return 'code' in filter ? { ok: false, refusal: filter } : { ok: true };
  }

  watchdog(): WatchdogState {
    return this.#lease.watchdog;
  }

  capacity(): Capacity {
    const masks = Number.POSITIVE_INFINITY;
    return { entries: this.#entries, used: this.#table.used, masks, masksUsed: 0 };
  }

  apply(
    operations: readonly Operation[],
    signal: AbortSignal,
  ): Promise<readonly OperationResult[]> {
    return this.#calls.run('apply', async () => {
      signal.throwIfAborted();
      const results: OperationResult[] = [];
      for (const operation of operations) {
        results.push(
          operation.kind === 'delete'
            ? await this.#table.delete(operation.id)
            : await this.#put(operation.flow),
        );
      }
      return results;
    });
  }

  entries(sink: EntrySink, signal: AbortSignal): Promise<void> {
    return this.#calls.run('entries', async () => {
      signal.throwIfAborted();
      for (const id of this.#table.installed(await this.#writer.list())) sink.entry(id);
    });
  }

  /** Reports nothing: filters have no counters. */
  async counters(_sink: CounterSink, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
  }

  portsChanged(ports: PortSnapshot): Promise<readonly FlowId[]> {
    this.#ports = ports;
    return this.#calls.run('portsChanged', async () => {
      const removed: FlowId[] = [];
      for (const entry of this.#table.all()) {
        if (this.#isStillValid(entry)) continue;
        const result = await this.#table.delete(entry.flow.id);
        if (!result.ok) throw new Error(result.refusal.detail);
        removed.push(entry.flow.id);
      }
      return [...this.#calls.takeLost(), ...removed];
    });
  }

  onLost(listener: () => void): () => void {
    return this.#calls.onLost(listener);
  }

  renewLease(verifiedAtMs: number): Promise<LeaseRenewal> {
    return this.#calls.run('renewLease', () => this.#lease.renew(verifiedAtMs));
  }

  endLease(): Promise<void> {
    return this.#calls.run('endLease', async () => {
      await this.#writer.removeAll();
      await this.#lease.lapse();
    });
  }

  withdrawAll(): Promise<number> {
    return this.#calls.run('withdrawAll', async () => {
      const count = this.#table.used;
      await this.#writer.removeAll();
      this.#table.clear();
      return count;
    });
  }

  /** Removes all filters in both cases: without a daemon nobody would remove them later. */
  async close(): Promise<void> {
    if (!this.#calls.isOpen) return;
    await this.#calls.close(() => this.#writer.close());
    this.#table.clear();
  }

  async #put(flow: FlowSpec): Promise<OperationResult> {
    const filter = this.#filterOf(flow);
    if ('code' in filter) return { ok: false, refusal: filter };
    return this.#table.put(filter);
  }

  #filterOf(flow: FlowSpec): ReturnType<typeof filterOfFlow> {
    return filterOfFlow(flow, { ...this.#options, ports: this.#ports, shapes: this.#shapes });
  }

  #isStillValid({ flow, filter, inPort, outPort }: FilterEntry): boolean {
    const now = this.#filterOf(flow);
    return (
      !('code' in now) &&
      sameFilter(now.filter, filter) &&
      isSamePort(now.inPort, inPort) &&
      isSamePort(now.outPort, outPort)
    );
  }
}

function isSamePort(a: PortInfo, b: PortInfo): boolean {
  return a.uuid === b.uuid && a.ifindex === b.ifindex;
}
