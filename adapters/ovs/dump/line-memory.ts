import type { FlowTable } from '../../../engine/model/flow-table.ts';
import { SideTable } from '../../../engine/model/side-table.ts';
import { Fingerprint } from './fingerprint.ts';

/** Where the parts of a flow's line begin and end. One object is reused for all lines. */
export interface LineParts {
  start: number;
  keyEnd: number;
  actionsAt: number;
  actionsEnd: number;
  /** Where the line ends, dp-extra-info included. */
  end: number;
}

/** Stores per row of the flow table the lengths and fingerprints of the parts of its line. */
export class LineMemory {
  /** Not reset: the data of a row are overwritten when it gets another flow. */
  readonly #side = new SideTable('row');
  readonly #keyLength = this.#side.uint32();
  readonly #keyA = this.#side.int32();
  readonly #keyB = this.#side.int32();
  readonly #actionsLength = this.#side.uint32();
  readonly #actionsA = this.#side.int32();
  readonly #actionsB = this.#side.int32();
  readonly #tailLength = this.#side.uint32();

  /** From the beginning of the line to `, packets:`; 0 when nothing is stored. */
  keyLength = this.#keyLength.values;
  keyA = this.#keyA.values;
  keyB = this.#keyB.values;
  /** From after `actions:` to the end of the actions. */
  actionsLength = this.#actionsLength.values;
  actionsA = this.#actionsA.values;
  actionsB = this.#actionsB.values;
  /** From the end of the actions to the end of the line (dp-extra-info). */
  tailLength = this.#tailLength.values;
  readonly #fingerprint = new Fingerprint();

  /** True when the key in `[from, to)` has the stored fingerprint; the length is not compared. */
  hasKey(row: number, view: DataView, from: number, to: number): boolean {
    const fingerprint = this.#fingerprint;
    fingerprint.compute(view, from, to);
    return fingerprint.a === this.keyA[row] && fingerprint.b === this.keyB[row];
  }

  /** The same for the actions. */
  hasActions(row: number, view: DataView, from: number, to: number): boolean {
    const fingerprint = this.#fingerprint;
    fingerprint.compute(view, from, to);
    return fingerprint.a === this.actionsA[row] && fingerprint.b === this.actionsB[row];
  }

  /**
   * Stores the row's line, whose actions have the fingerprint `actions`; without `known` it is
   * parsed in full the next time, too.
   */
  remember(
    row: number,
    view: DataView,
    line: LineParts,
    actions: Fingerprint,
    known: boolean,
  ): void {
    if (row >= this.keyLength.length) this.#bindColumns();
    const { start, keyEnd, actionsAt, actionsEnd, end } = line;
    const fingerprint = this.#fingerprint;
    fingerprint.compute(view, start, keyEnd);
    this.keyA[row] = fingerprint.a;
    this.keyB[row] = fingerprint.b;
    this.keyLength[row] = known ? keyEnd - start : 0;
    this.actionsA[row] = actions.a;
    this.actionsB[row] = actions.b;
    this.actionsLength[row] = actionsEnd - actionsAt;
    this.tailLength[row] = end - actionsEnd;
  }

  /** Follows a table; called at the beginning of each reading. */
  begin(table: FlowTable): void {
    this.#side.follow(table);
    this.#bindColumns();
  }

  /** A grown table has new arrays for its columns. */
  #bindColumns(): void {
    this.keyLength = this.#keyLength.values;
    this.keyA = this.#keyA.values;
    this.keyB = this.#keyB.values;
    this.actionsLength = this.#actionsLength.values;
    this.actionsA = this.#actionsA.values;
    this.actionsB = this.#actionsB.values;
    this.tailLength = this.#tailLength.values;
  }
}
