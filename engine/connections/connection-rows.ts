import type { YieldToEventLoop } from '../../async/yield-to-event-loop.ts';
import type { PacketHeaders } from '../model/connection.ts';
import type { FlowId } from '../model/flow-id.ts';
import type { FlowTable } from '../model/flow-table.ts';
import { SideTable } from '../model/side-table.ts';
import type { Resolution } from './resolver.ts';

/** Connections between two looks at the clock. */
const CHUNK = 64;

/** One direction of a connection with a row of its own in the flow table. */
export interface ConnectionRow {
  readonly id: FlowId;
  readonly headers: PacketHeaders;
  /** Row of the megaflow by which it enters the vSwitch, when it was resolved; -1: there was none. */
  entryRow: number;
  /** `FlowTable.generation` of that row then. */
  entryGeneration: number;
  /** As of the last reading. */
  resolution: Resolution;
  /** Number of the last reading in which the meter has reported it. */
  meteredIn: number;
}

/** The rows of a flow table that are connections and not megaflows. */
export class ConnectionRows {
  readonly #side = new SideTable('flow');
  readonly #byRow = this.#side.sparse<ConnectionRow>();
  #table: FlowTable | undefined;
  /** All rows with a connection, and some whose connection has left. */
  #rows: number[] = [];

  /** Rows with a connection, as of the last {@link sweep}, and those added since. */
  get size(): number {
    return this.#rows.length;
  }

  /** The flow table that has the rows; undefined before the first reading. */
  get table(): FlowTable | undefined {
    return this.#table;
  }

  /** The connection of a row; undefined for the row of a megaflow. */
  at(row: number): ConnectionRow | undefined {
    return this.#byRow.values.get(row);
  }

  /** Records that a row, which the table has given to it, is a connection. */
  add(table: FlowTable, row: number, connection: ConnectionRow): void {
    this.#side.follow(table);
    this.#byRow.values.set(row, connection);
    this.#rows.push(row);
  }

  /**
   * Visits all connections that are still in the table. Those for which `keeps` answers false are
   * forgotten; a reading that does not observe them removes them from the table.
   */
  async sweep(
    table: FlowTable,
    yieldToEventLoop: YieldToEventLoop,
    keeps: (row: number, connection: ConnectionRow) => boolean,
  ): Promise<void> {
    this.#side.follow(table);
    this.#table = table;
    const all = this.#rows;
    const kept: number[] = [];
    for (let n = 0; n < all.length; n++) {
      const row = all[n];
      if (n % CHUNK === CHUNK - 1) {
        const pausing = yieldToEventLoop();
        if (pausing !== undefined) await pausing;
      }
      const connection = this.#byRow.values.get(row);
      // The row may be free, or have been given to another flow.
      if (connection === undefined || table.rowOf(connection.id) !== row) continue;
      if (keeps(row, connection)) kept.push(row);
      else this.#byRow.values.delete(row);
    }
    this.#rows = kept;
  }
}
