import { timeSlicedYield } from '../../async/yield-to-event-loop.ts';
import { errorMessage } from '../../text/error-message.ts';
import type { PacketHeaders } from '../model/connection.ts';
import type { FlowId } from '../model/flow-id.ts';
import type { FlowTable } from '../model/flow-table.ts';
import { sameActions } from '../model/same-actions.ts';
import { sameMatch } from '../model/same-match.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  ConnectionMeter,
  MeterReading,
  MeterSink,
  UncountedPort,
} from '../ports/connection-meter.ts';
import type { ConnectionTracker } from '../ports/connection-tracker.ts';
import type { FlowSource, ReadCost } from '../ports/flow-source.ts';
import { ConnectionCounts } from './connection-counts.ts';
import type { ConnectionRow, ConnectionRows } from './connection-rows.ts';
import { EntryMegaflows } from './entry-megaflows.ts';
import { PlainConnections } from './plain-connections.ts';
import type { ChainResolver, Resolution } from './resolver.ts';
import { TunnelEndpoints } from './tunnel-endpoints.ts';

/** Packets that a connection must have sent to get a row: most connections are short. */
const MIN_PACKETS = 4;
/** Connections that get a row in one reading, at most: composing each takes about 100 us. */
const MAX_NEW = 256;
/** Connections whose megaflow is looked for in one reading, at most; each takes about 10 us. */
const MAX_LOOKUPS = 4096;
/** Connections to remember that need no row, as a multiple of the rows. */
const PLAIN_PER_ROW = 16;

/** Parts of a {@link ConnectionSource}. */
export interface ConnectionSourceOptions {
  /** The vSwitch's megaflows. */
  readonly flows: FlowSource;
  readonly meter: ConnectionMeter;
  readonly tracker: ConnectionTracker;
  readonly resolver: ChainResolver;
  /** Filled by the source; shared with what explains and checks connections. */
  readonly rows: ConnectionRows;
  readonly clock: Clock;
  /** Maximum number of connections with a row, counting each direction. */
  readonly maxConnections: number;
  /** Time without a packet after which a connection has no row any more, ms. */
  readonly idleMs: number;
  /** What becomes of the meter when the source is closed; `withdraw` by default. */
  readonly onExit?: 'withdraw' | 'keep';
}

/**
 * The vSwitch's megaflows, and beside them, each in a row of its own, the connections within those
 * that recirculate their packets: what several megaflows and conntrack do to a connection, resolved
 * to one match and one list of actions, which a backend can take.
 *
 * A connection that cannot be resolved has a row, too, with an action that no backend performs.
 * The traffic of a megaflow is what its connections leave over.
 */
export class ConnectionSource implements FlowSource {
  readonly name: string;
  /** Connections of the last reading by what became of them. */
  readonly counts = new ConnectionCounts();
  readonly onActionsChange?: (listener: () => void) => () => void;
  readonly onNewFlow?: (listener: () => void) => () => void;
  readonly #options: ConnectionSourceOptions;
  readonly #entries = new EntryMegaflows();
  readonly #plain: PlainConnections;
  readonly #endpoints: TunnelEndpoints;
  #reading = 0;
  #lastReadMs = Number.NEGATIVE_INFINITY;
  #metered: MeterReading = { connections: 0, forgotten: 0, sampling: 1 };
  /** Connections that got a row in this reading, and those whose megaflow was looked for. */
  #added = 0;
  #lookups = 0;
  /** Connections that had no room in this reading. */
  #left = 0;

  constructor(options: ConnectionSourceOptions) {
    const { flows, tracker, maxConnections, idleMs } = options;
    this.#options = options;
    this.name = flows.name;
    this.#plain = new PlainConnections(PLAIN_PER_ROW * maxConnections);
    this.#endpoints = new TunnelEndpoints(idleMs);
    const sources = [flows.onActionsChange?.bind(flows), tracker.onChange?.bind(tracker)];
    const subscribes = sources.filter((subscribe) => subscribe !== undefined);
    if (subscribes.length > 0) {
      this.onActionsChange = (listener) => {
        const ends = subscribes.map((subscribe) => subscribe(listener));
        return () => {
          for (const end of ends) end();
        };
      };
    }
    if (flows.onNewFlow !== undefined) this.onNewFlow = flows.onNewFlow.bind(flows);
  }

  /** Size of the meter's last reading. */
  get metered(): MeterReading {
    return this.#metered;
  }

  /** Ports whose connections have no rows, because the meter cannot attach to them. */
  get uncountedPorts(): readonly UncountedPort[] {
    return this.#options.meter.uncountedPorts();
  }

  async read(table: FlowTable, signal: AbortSignal): Promise<ReadCost> {
    const { flows, tracker, meter, resolver, clock } = this.#options;
    const startedMs = clock.now();
    this.#reading++;
    this.#left = 0;
    this.#added = 0;
    this.#lookups = 0;
    this.#entries.begin(table);
    const cost = await flows.read(table, signal);
    this.#entries.follow(table);
    const notes = cost.note === undefined ? [] : [cost.note];
    let trackerMs = 0;
    try {
      const { sourceMs, skipped } = await tracker.refresh(signal);
      trackerMs = sourceMs;
      resolver.follow(table, await tracker.sequenceChecks(signal), skipped > 0);
    } catch (error) {
      signal.throwIfAborted();
      // What is not known never allows: no connection is resolved.
      resolver.follow(table, undefined);
      notes.push(`connections are not offloaded: ${errorMessage(error)}`);
    }
    try {
      const endpoints = this.#endpoints.follow(table, this.#entries.rows, startedMs);
      if (endpoints !== undefined) await meter.tunnelsChanged(endpoints);
      this.#metered = await meter.read(this.#sink(table), signal);
    } catch (error) {
      signal.throwIfAborted();
      notes.push(`connections are not counted: ${errorMessage(error)}`);
    }
    await this.#keepRows(table, signal);
    this.#entries.end(table);
    this.#lastReadMs = startedMs;
    if (this.#left > 0) notes.push(`${this.#left} connections have no row: the maximum is reached`);
    return {
      ...cost,
      sourceMs: cost.sourceMs + trackerMs,
      ...(notes.length === 0 ? {} : { note: notes.join('; ') }),
    };
  }

  async close(): Promise<void> {
    const { flows, meter, tracker, onExit = 'withdraw' } = this.#options;
    await Promise.all([flows.close(), meter.close(onExit), tracker.close()]);
  }

  /** Writes the meter's connections to the table. */
  #sink(table: FlowTable): MeterSink {
    const { rows } = this.#options;
    const sinceLastMs = this.#options.clock.now() - this.#lastReadMs;
    return {
      metered: (w0, w1, w2, w3, packets, bytes, ageMs, idleMs, headers) => {
        const row = table.find(w0, w1, w2, w3);
        const connection = row === -1 ? undefined : rows.at(row);
        if (connection !== undefined) {
          if (!hasEntryMegaflow(table, connection)) this.#resolve(table, row, connection);
          this.#count(table, row, connection, packets, bytes, idleMs);
          return;
        }
        if (row !== -1 || packets < MIN_PACKETS || this.#lookups === MAX_LOOKUPS) return;
        if (this.#plain.has(table, w0, w1, w2, w3)) return;
        if (rows.size >= this.#options.maxConnections) {
          this.#left++;
          return;
        }
        const added = this.#add(table, { w0, w1, w2, w3 }, headers());
        if (added === -1) return;
        // Its megaflow has counted what it sent before the last reading.
        if (ageMs > sinceLastMs) table.rebase(added, packets, bytes, idleMs);
        const state = rows.at(added);
        if (state !== undefined) this.#count(table, added, state, packets, bytes, idleMs);
      },
    };
  }

  #count(
    table: FlowTable,
    row: number,
    connection: ConnectionRow,
    packets: number,
    bytes: number,
    idleMs: number,
  ): void {
    const { vswitchPackets, vswitchBytes } = table.traffic;
    const packetsBefore = vswitchPackets[row];
    const bytesBefore = vswitchBytes[row];
    table.observe(row, packets, bytes, idleMs);
    connection.meteredIn = this.#reading;
    if (connection.entryRow === -1) return;
    const morePackets = vswitchPackets[row] - packetsBefore;
    const moreBytes = vswitchBytes[row] - bytesBefore;
    this.#entries.take(table, connection.entryRow, morePackets, moreBytes);
  }

  /** Gives a connection a row; -1 if it needs none. */
  #add(table: FlowTable, id: FlowId, headers: PacketHeaders): number {
    const { resolver, rows } = this.#options;
    this.#lookups++;
    const entry = resolver.entry(headers);
    const entryRow = entry === undefined ? -1 : table.rowOf(entry);
    if (entryRow === -1) return -1;
    if (!this.#entries.has(entryRow)) {
      this.#plain.set(table, id.w0, id.w1, id.w2, id.w3, entryRow);
      return -1;
    }
    if (this.#added === MAX_NEW) return -1;
    this.#added++;
    const resolution = resolver.resolve(headers);
    const row = table.add(id, resolution.match, resolution.actions);
    const entryGeneration = table.generation[entryRow];
    rows.add(table, row, { id, headers, entryRow, entryGeneration, resolution, meteredIn: 0 });
    return row;
  }

  /** Resolves the connections again, and lets those go that have been idle. */
  async #keepRows(table: FlowTable, signal: AbortSignal): Promise<void> {
    const { rows, idleMs, clock } = this.#options;
    const nowMs = clock.now();
    const { bitsPerSecond } = table.rates;
    await rows.sweep(table, timeSlicedYield({ signal }), (row, connection) => {
      const isMetered = connection.meteredIn === this.#reading;
      if (!isMetered) {
        if (nowMs - table.traffic.lastActiveMs[row] > idleMs) return false;
        const { rawPackets, rawBytes } = table.traffic;
        table.observe(row, rawPackets[row], rawBytes[row], -1);
      }
      // One that can have no entry costs nothing until it sends again.
      if (isMetered || connection.resolution.refusal === undefined) {
        this.#resolve(table, row, connection);
      }
      this.counts.add(connection.resolution.refusal?.code ?? 'resolved', bitsPerSecond[row]);
      return true;
    });
    this.counts.publish();
  }

  #resolve(table: FlowTable, row: number, connection: ConnectionRow): void {
    const { resolver } = this.#options;
    const resolution = resolver.resolve(connection.headers, connection.resolution);
    connection.entryRow = entryRowOf(table, resolution);
    connection.entryGeneration = table.generation[connection.entryRow] ?? 0;
    if (resolution === connection.resolution) return;
    connection.resolution = resolution;
    if (!sameMatch(resolution.match, table.matchAt(row))) table.setMatch(row, resolution.match);
    if (!sameActions(resolution.actions, table.actionsAt(row))) {
      table.setActions(row, resolution.actions);
    }
  }
}

/** True if the megaflow by which the connection entered is still there. */
function hasEntryMegaflow(table: FlowTable, connection: ConnectionRow): boolean {
  const { entryRow, entryGeneration } = connection;
  return (
    entryRow !== -1 && table.generation[entryRow] === entryGeneration && table.isObserved(entryRow)
  );
}

/** Row of the megaflow by which packets enter; -1: none matches them. */
function entryRowOf(table: FlowTable, { chain }: Resolution): number {
  const [first] = chain;
  return first === undefined ? -1 : table.rowOf(first);
}
