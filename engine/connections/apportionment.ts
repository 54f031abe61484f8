import type { FlowTable } from '../model/flow-table.ts';
import { SideTable } from '../model/side-table.ts';

/**
 * Divides the vSwitch's traffic of megaflows between their connections, which a meter counts, and the
 * rest, so that nothing is counted twice.
 *
 * Meter and vSwitch are read one after the other: a packet can be counted for a connection before it
 * is counted for the megaflow. The megaflow then owes it, and its later packets make up for it.
 *
 * A reading goes: `begin`, the vSwitch's counters into the table, `take` for each connection, `end`.
 */
export class Apportionment {
  readonly #rows = new SideTable('flow');
  /** Packets and bytes of the row in the table after the last reading. */
  readonly #packets = this.#rows.float64();
  readonly #bytes = this.#rows.float64();
  /** Counted for connections, and not yet for the megaflow. */
  readonly #owedPackets = this.#rows.float64();
  readonly #owedBytes = this.#rows.float64();

  /** Remembers what the megaflows in `rows` have counted before the vSwitch is read. */
  begin(table: FlowTable, rows: readonly number[]): void {
    this.#rows.follow(table);
    const { vswitchPackets, vswitchBytes } = table.traffic;
    for (const row of rows) {
      this.#packets.values[row] = vswitchPackets[row];
      this.#bytes.values[row] = vswitchBytes[row];
    }
  }

  /** A connection of the megaflow in `row` has sent so much since the last reading. */
  take(table: FlowTable, row: number, packets: number, bytes: number): void {
    this.#rows.follow(table);
    this.#owedPackets.values[row] += packets;
    this.#owedBytes.values[row] += bytes;
  }

  /** Takes what connections have sent out of the traffic of their megaflows. */
  end(table: FlowTable, rows: readonly number[]): void {
    this.#rows.follow(table);
    const { traffic, totals } = table;
    for (const row of rows) {
      const packets = settle(
        traffic.vswitchPackets,
        this.#packets.values,
        this.#owedPackets.values,
        row,
      );
      const bytes = settle(traffic.vswitchBytes, this.#bytes.values, this.#owedBytes.values, row);
      totals.vswitchPackets -= packets;
      totals.vswitchBytes -= bytes;
    }
  }
}

/** Pays as much of a debt as a counter has grown by since `before`, and returns how much that was. */
function settle(
  counter: Float64Array,
  before: Float64Array,
  owed: Float64Array,
  row: number,
): number {
  const paid = Math.min(owed[row], counter[row] - before[row]);
  counter[row] -= paid;
  owed[row] -= paid;
  return paid;
}
