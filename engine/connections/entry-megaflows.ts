import type { FlowTable } from '../model/flow-table.ts';
import { SideTable } from '../model/side-table.ts';
import { Apportionment } from './apportionment.ts';
import { needsConnections } from './needs-connections.ts';

const CONTINUES = 1;
const ENDS = 2;

/**
 * The megaflows by which connections enter the vSwitch and that pass them on to others: their traffic
 * is that of their connections, and a rest.
 */
export class EntryMegaflows {
  readonly #apportionment = new Apportionment();
  readonly #known = new SideTable('flow');
  /** 1: the row's flow was in the last reading. */
  readonly #old = this.#known.uint8();
  readonly #kinds = new SideTable('version');
  readonly #kind = this.#kinds.uint8();
  /** Rows with such a megaflow, as of the last reading. */
  #rows: number[] = [];

  /** Call it before the vSwitch's counters are read into the table. */
  begin(table: FlowTable): void {
    this.#apportionment.begin(table, this.#rows);
  }

  /** Call it after they were read, and before {@link take}: finds the megaflows of this reading. */
  follow(table: FlowTable): void {
    this.#known.follow(table);
    this.#kinds.follow(table);
    const old = this.#old.values;
    const kind = this.#kind.values;
    const rows: number[] = [];
    const late: number[] = [];
    const before = new Set(this.#rows);
    for (let row = 0; row < table.highWater; row++) {
      if (!table.isObserved(row)) continue;
      if (kind[row] === 0) kind[row] = isEntry(table, row) ? CONTINUES : ENDS;
      if (kind[row] === CONTINUES) {
        rows.push(row);
        // Its earlier traffic was not divided; a new flow's was, since there was none.
        if (old[row] === 1 && !before.has(row)) late.push(row);
      }
      old[row] = 1;
    }
    this.#apportionment.begin(table, late);
    this.#rows = rows;
  }

  /** Rows with such a megaflow, as of the last reading. */
  get rows(): readonly number[] {
    return this.#rows;
  }

  /** True if the megaflow in `row` passes its packets on to others. */
  has(row: number): boolean {
    return this.#kind.values[row] === CONTINUES;
  }

  /** A connection of the megaflow in `row` has sent so much since the last reading. */
  take(table: FlowTable, row: number, packets: number, bytes: number): void {
    this.#apportionment.take(table, row, packets, bytes);
  }

  /** Takes what connections have sent out of the traffic of their megaflows. */
  end(table: FlowTable): void {
    this.#apportionment.end(table, this.#rows);
  }
}

function isEntry(table: FlowTable, row: number): boolean {
  return !table.isLaterPass(row) && needsConnections(table.matchAt(row), table.actionsAt(row));
}
