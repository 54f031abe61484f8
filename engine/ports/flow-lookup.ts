import type { FlowActions } from '../model/action.ts';
import type { FlowId } from '../model/flow-id.ts';
import type { FlowMatch } from '../model/match.ts';

/** A flow as the vSwitch has it now. */
export interface FoundFlow {
  readonly match: FlowMatch;
  readonly actions: FlowActions;
}

/** Reads single flows of the vSwitch, which costs less than all of them where few are needed. */
export interface FlowLookup {
  readonly name: string;
  /** Maximum number of flows per call: the vSwitch may do nothing else until it has answered it. */
  readonly maxFlows: number;
  /** True: not all that an entry depends on is read, so entries without a difference are not verified; default false. */
  readonly isPartial?: boolean;
  /**
   * Reads the flows with these ids, in order; undefined for a flow that the vSwitch does not have.
   * Each is read after the call. Rejects when the vSwitch does not answer, or an answer cannot be
   * read.
   */
  read(ids: readonly FlowId[], signal: AbortSignal): Promise<readonly (FoundFlow | undefined)[]>;
  close(): Promise<void>;
}
