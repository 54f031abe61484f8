import type { FlowActions } from '../model/action.ts';
import type { FlowId } from '../model/flow-id.ts';

/** What the vSwitch would do with the packets of a flow now. */
export type CurrentActions =
  | { readonly kind: 'known'; readonly actions: FlowActions }
  /** The vSwitch has no such flow any more. */
  | { readonly kind: 'gone' }
  /** The answer cannot be compared with actions, for example because state of an earlier pass is gone. */
  | { readonly kind: 'unknown'; readonly why: string };

/** An answer of a {@link FlowVerifier}, and its cost. */
export interface Verdict {
  readonly current: CurrentActions;
  /** Time that the vSwitch spent on it, ms; best estimate. */
  readonly sourceMs: number;
}

/**
 * Asks the vSwitch what it would do with packets of a flow by its rules as they are now, which its
 * datapath flow may not follow yet or, after an error, no longer.
 */
export interface FlowVerifier {
  readonly name: string;
  /** Has no effect on the vSwitch. Rejects when the vSwitch does not answer. */
  currentActions(id: FlowId, signal: AbortSignal): Promise<Verdict>;
  close(): Promise<void>;
}
