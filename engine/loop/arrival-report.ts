import { Placement } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { BackendFailure } from './backend-failure.ts';

/** What was done for new flows between two ticks. */
export interface ArrivalReport {
  /** False: a complete reading has to decide, because something else has changed, too. */
  readonly isDecided: boolean;
  /** New flows with a first rate that have an entry now. */
  readonly placed: number;
  /** Backends that failed. */
  readonly failures: readonly BackendFailure[];
}

export const NOT_DECIDED: ArrivalReport = { isDecided: false, placed: 0, failures: [] };

/** No new flow has a rate, or all flows are held on the vSwitch. */
export const NOTHING_TO_PLACE: ArrivalReport = { isDecided: true, placed: 0, failures: [] };

/** True if the row has an entry of another version of its flow, which has to be removed first. */
export function isOutdated(table: FlowTable, row: number): boolean {
  const { placement, installedVersion } = table.decision;
  return (
    placement[row] !== Placement.onload && installedVersion[row] !== table.actionsVersionAt(row)
  );
}
