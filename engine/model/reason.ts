import type { DecisionColumns } from './columns.ts';

/**
 * Why a flow is where it is: one code per flow and tick, stored in a column, so that the placement
 * of every flow can be explained. The column holds an index; outside the engine the code is used.
 */
export const REASONS = [
  { code: 'unseen', text: 'no decision has been made yet' },
  { code: 'no-rule', text: 'no rule requests another placement' },
  { code: 'rule-onload', text: 'a rule requests the vSwitch' },
  { code: 'placed', text: 'a rule requests the entry and the backend has it' },
  {
    code: 'incumbent',
    text: 'placed earlier; no rule requests the vSwitch and no better flow needs the entry',
  },
  { code: 'installing', text: 'chosen; the operation is in progress' },
  { code: 'table-full', text: 'the table is full of flows with higher scores' },
  { code: 'budget', text: 'the budget of operations is used up for now' },
  { code: 'min-hold', text: 'moved recently; the minimum hold time has not passed' },
  { code: 'unsupported', text: 'the backend cannot express this flow' },
  { code: 'refused', text: 'the backend refused the entry; it is retried after a backoff' },
  { code: 'no-backend', text: 'no backend serves the requested placement' },
  { code: 'held', text: 'an operator holds every flow on the vSwitch (onload-all)' },
  { code: 'stale', text: 'a source is stale; nothing is moved on stale data' },
  { code: 'not-evaluated', text: 'the time for rules in this tick was used up before this flow' },
  {
    code: 'actions-changed',
    text: 'the vSwitch changed the actions of the flow; the entry was removed',
  },
  { code: 'port-gone', text: 'a port of the flow is gone; the entry was removed' },
  { code: 'slice-maximum', text: 'its slice has its maximum of entries' },
  {
    code: 'slice-share',
    text: 'its slice has used its share; the other entries are due to other slices',
  },
  {
    code: 'port-bandwidth',
    text: 'its NIC port is nearly full; flows of other ports go first',
  },
  {
    code: 'fast-path-capacity',
    text: 'the fast path has no capacity left for it',
  },
  { code: 'below-threshold', text: 'it is expected to send too little to be worth an operation' },
  {
    code: 'small-gain',
    text: 'worth more than a flow that has an entry, but by too little for a swap',
  },
  {
    code: 'mismatch',
    text: 'a sample found that its entry did something else than the vSwitch would; it waits',
  },
  {
    code: 'unused',
    text: 'the backend has the entry, which has not carried a packet yet',
  },
  {
    code: 'carries-nothing',
    text: 'its packets did not use its entry; the entry was removed and is tried again later',
  },
  {
    code: 'port-cost',
    text: 'receiving on its port would cost the other traffic of the port more than its entry saves',
  },
  {
    code: 'oversized',
    text: 'its packets reach the vSwitch larger than the MTU (segmentation offload); no entry can carry them',
  },
  { code: 'entry-lost', text: 'an audit found that the backend no longer has the entry' },
] as const;

/** Code of a reason. */
export type ReasonCode = (typeof REASONS)[number]['code'];

const INDEX: ReadonlyMap<ReasonCode, number> = new Map(REASONS.map((r, i) => [r.code, i]));

/** The column value of a reason code. */
export function reasonIndex(code: ReasonCode): number {
  return INDEX.get(code) ?? 0;
}

/**
 * The stages of a tick that give reasons, by precedence. If several give the same flow a reason in
 * the same tick, the last of them in this list wins, regardless of their order in time:
 *
 * - `gate`: the tick may not move flows (`stale`, `held`).
 * - `enforcement`: an entry was removed, adopted or found missing without a plan (`actions-changed`,
 *   `port-gone`, `held`, `entry-lost`, `mismatch`, `carries-nothing`). It also overrides all earlier
 *   reasons, which were about another placement.
 * - `request`: the rules' request needs no plan (`no-rule`, `rule-onload`, `no-backend`).
 * - `plan`: the planner's choice, or what prevents it.
 * - `operation`: the backend's answer to the plan (`placed`, `refused`, `unsupported`).
 *
 * Within a stage the last reason wins.
 */
export const ReasonStage = {
  none: 0,
  gate: 1,
  enforcement: 2,
  request: 3,
  plan: 4,
  operation: 5,
} as const;
export type ReasonStage = (typeof ReasonStage)[keyof typeof ReasonStage];

/** Starts a tick: any stage may now replace the reasons of the last tick. */
export function beginReasons(decision: DecisionColumns): void {
  decision.reasonStage.fill(ReasonStage.none);
}

/**
 * Gives a flow a reason, unless a stage with precedence has given it one in this tick. The only
 * writer of `decision.reason`.
 *
 * @param reason an index into {@link REASONS}
 */
export function giveReason(
  decision: DecisionColumns,
  row: number,
  stage: ReasonStage,
  reason: number,
): void {
  if (stage < decision.reasonStage[row] && stage !== ReasonStage.enforcement) return;
  decision.reason[row] = reason;
  decision.reasonStage[row] = stage;
}
