import type { FlowTable } from '../../engine/model/flow-table.ts';
import { SideTable } from '../../engine/model/side-table.ts';

/** What the accounts remember of each row's flow from tick to tick: counters, and whether it was placed. */
export class RowMemory {
  readonly #side = new SideTable('flow');
  readonly #vswitchBytes = this.#side.float64();
  readonly #vswitchPackets = this.#side.float64();
  readonly #carriedBytes = this.#side.float64();
  readonly #carriedPackets = this.#side.float64();
  readonly #placed = this.#side.uint8();
  readonly #met = this.#side.uint8();

  vswitchBytes = this.#vswitchBytes.values;
  vswitchPackets = this.#vswitchPackets.values;
  carriedBytes = this.#carriedBytes.values;
  carriedPackets = this.#carriedPackets.values;
  /** 1 once the flow has had an entry. */
  placed = this.#placed.values;
  /** 1 once the flow was there when a tick was accounted. */
  met = this.#met.values;

  /** Follows a table: to be called before a pass over its rows. */
  begin(table: FlowTable): void {
    this.#side.follow(table);
    this.vswitchBytes = this.#vswitchBytes.values;
    this.vswitchPackets = this.#vswitchPackets.values;
    this.carriedBytes = this.#carriedBytes.values;
    this.carriedPackets = this.#carriedPackets.values;
    this.placed = this.#placed.values;
    this.met = this.#met.values;
  }

  /** Takes over a row's counters. */
  take(table: FlowTable, row: number): void {
    const t = table.traffic;
    this.vswitchBytes[row] = t.vswitchBytes[row];
    this.vswitchPackets[row] = t.vswitchPackets[row];
    this.carriedBytes[row] = t.carriedBytes[row];
    this.carriedPackets[row] = t.carriedPackets[row];
  }
}
