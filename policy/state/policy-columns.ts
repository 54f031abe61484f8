import type { FlowTable } from '../../engine/model/flow-table.ts';
import { SideTable } from '../../engine/model/side-table.ts';

/** The columns that policies keep by row, by what resets them. Their owner disposes them. */
export class PolicyColumns implements Disposable {
  /** Reset when a row is given to another flow. */
  readonly byFlow = new SideTable('flow');
  /** Also reset when the match or actions of the row's flow change. */
  readonly byVersion = new SideTable('version');
  /** Never reset: written before it is read in each tick. */
  readonly byRow = new SideTable('row');

  /** Follows `table`; call it before each pass over the rows. */
  follow(table: FlowTable): void {
    this.byFlow.follow(table);
    this.byVersion.follow(table);
    this.byRow.follow(table);
  }

  [Symbol.dispose](): void {
    this.byFlow[Symbol.dispose]();
    this.byVersion[Symbol.dispose]();
    this.byRow[Symbol.dispose]();
  }
}
