import type { FlowTable } from '../../engine/model/flow-table.ts';
import { SideTable } from '../../engine/model/side-table.ts';

/** State of each row's flow between ticks: its counters, and whether it has been seen and placed. */
export class RowMemory {
  readonly #side = new SideTable('flow');
  readonly #vswitchBytes = this.#side.float64();
  readonly #vswitchPackets = this.#side.float64();
  readonly #carriedBytes = this.#side.float64();
  readonly #carriedPackets = this.#side.float64();
  readonly #placed = this.#side.uint8();
  readonly #seen = this.#side.uint8();

  vswitchBytes = this.#vswitchBytes.values;
  vswitchPackets = this.#vswitchPackets.values;
  carriedBytes = this.#carriedBytes.values;
  carriedPackets = this.#carriedPackets.values;
  /** 1 after the flow's first entry. */
  placed = this.#placed.values;
  /** 1 once the flow was part of a tick. */
  seen = this.#seen.values;

  /** Adjusts the columns to the table's rows; call it before a pass over them. */
  followTable(table: FlowTable): void {
    this.#side.follow(table);
    this.vswitchBytes = this.#vswitchBytes.values;
    this.vswitchPackets = this.#vswitchPackets.values;
    this.carriedBytes = this.#carriedBytes.values;
    this.carriedPackets = this.#carriedPackets.values;
    this.placed = this.#placed.values;
    this.seen = this.#seen.values;
  }

  /** Stores a row's counters, to compare the next reading with. */
  storeCounters(table: FlowTable, row: number): void {
    const t = table.traffic;
    this.vswitchBytes[row] = t.vswitchBytes[row];
    this.vswitchPackets[row] = t.vswitchPackets[row];
    this.carriedBytes[row] = t.carriedBytes[row];
    this.carriedPackets[row] = t.carriedPackets[row];
  }
}
