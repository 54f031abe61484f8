import { FlowTable } from '../model/flow-table.ts';
import { Placement } from '../model/flow.ts';
import { sameActions } from '../model/same-actions.ts';
import { sameMatch } from '../model/same-match.ts';
import type { FlowLookup, FoundFlow } from '../ports/flow-lookup.ts';
import type { OutdatedEntry } from '../reconcile/reconciler.ts';

/** Result of a check of all installed entries. */
export interface EntryCheckReport {
  /** Entries that were compared with their flows. */
  readonly compared: number;
  /** Entries whose flow was gone or had changed. */
  readonly outdated: number;
  /** True if every installed entry was compared, so that the backends may count as verified. */
  readonly complete: boolean;
}

/**
 * Passes over the entries, at most: a reading that is in progress can change flows that the first
 * has compared.
 */
const MAX_PASSES = 2;

/**
 * One check of all installed entries against their flows, each read alone. Ticks may change the
 * table and the entries meanwhile, so a row counts as compared only while flow, match and actions
 * are those that were compared (`FlowTable.changes`).
 *
 * Use: `begin`, `compareAll`, then `outdated` and `coversAll` while no entry is being changed.
 */
export class EntryCheck {
  readonly #lookup: FlowLookup;
  #table = new FlowTable();
  /** By row, 1 + `changes` of the flow that was compared, negative if it differs; 0: none. */
  #verdicts = new Float64Array(0);
  /** Rows that differ, and the `changes` of what was compared. */
  #different: (OutdatedEntry & { readonly changes: number })[] = [];
  #compared = 0;

  constructor(lookup: FlowLookup) {
    this.#lookup = lookup;
  }

  /** Starts a check; nothing has been compared. */
  begin(table: FlowTable): void {
    this.#table = table;
    const rows = table.highWater;
    if (this.#verdicts.length < rows) this.#verdicts = new Float64Array(2 * rows);
    else this.#verdicts.fill(0);
    this.#different = [];
    this.#compared = 0;
  }

  /** Number of entries compared since `begin`, and of those that differ. */
  get counts(): Omit<EntryCheckReport, 'complete'> {
    return { compared: this.#compared, outdated: this.#different.length };
  }

  /** Compares the installed entries. Rejects when the vSwitch does not answer. */
  async compareAll(signal: AbortSignal): Promise<void> {
    for (let pass = 0; pass < MAX_PASSES; pass++) {
      const rows = this.#openRows();
      if (rows.length === 0) return;
      const { maxFlows } = this.#lookup;
      for (let from = 0; from < rows.length; from += maxFlows) {
        await this.#compare(rows.slice(from, from + maxFlows), signal);
      }
    }
  }

  /** Entries of a placement that must not stay, and are still installed as they were compared. */
  outdated(placement: Placement): readonly OutdatedEntry[] {
    const { decision, changes } = this.#table;
    return this.#different.filter(
      (entry) =>
        decision.placement[entry.row] === placement && changes[entry.row] === entry.changes,
    );
  }

  /** True if every installed entry of a placement was compared and found equal. */
  coversAll(placement: Placement): boolean {
    const { rows, count, decision } = this.#table;
    for (let i = 0; i < count; i++) {
      const row = rows[i];
      if (decision.placement[row] !== placement) continue;
      if (!this.#isCurrent(row) || this.#verdicts[row] !== 1 + this.#table.changes[row]) {
        return false;
      }
    }
    return true;
  }

  /** True if the row has an entry, which was installed for the flow that the row has now. */
  #isCurrent(row: number): boolean {
    const { decision } = this.#table;
    return (
      decision.placement[row] !== Placement.onload &&
      decision.installedVersion[row] === this.#table.actionsVersionAt(row)
    );
  }

  /** Installed entries that have not been compared. */
  #openRows(): readonly number[] {
    const { rows, count, changes } = this.#table;
    const open: number[] = [];
    for (let i = 0; i < count; i++) {
      const row = rows[i];
      const isCompared = Math.abs(this.#verdicts[row] ?? 0) === 1 + changes[row];
      if (!isCompared && this.#isCurrent(row)) open.push(row);
    }
    return open;
  }

  async #compare(rows: readonly number[], signal: AbortSignal): Promise<void> {
    const table = this.#table;
    // A tick may have removed entries since the rows were listed.
    const entries = rows
      .filter((row) => this.#isCurrent(row))
      .map((row) => ({ ...table.specAt(row), row, changes: table.changes[row] }));
    const ids = entries.map(({ id }) => id);
    const found = await this.#lookup.read(ids, signal);
    for (const [i, entry] of entries.entries()) {
      const { row, changes } = entry;
      const flow = found[i];
      this.#compared++;
      if (isSame(entry, flow)) {
        this.#decide(row, 1 + changes);
      } else {
        this.#decide(row, -1 - changes);
        const cause = flow === undefined ? 'gone' : 'actions-changed';
        this.#different.push({ row, cause, changes });
      }
    }
  }

  /** Rows that a reading has added since `begin` stay undecided. */
  #decide(row: number, verdict: number): void {
    if (row < this.#verdicts.length) this.#verdicts[row] = verdict;
  }
}

function isSame(installed: FoundFlow, flow: FoundFlow | undefined): boolean {
  return (
    flow !== undefined &&
    sameActions(installed.actions, flow.actions) &&
    sameMatch(installed.match, flow.match)
  );
}
