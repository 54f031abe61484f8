/**
 * Why a flow is where it is: one code a flow a tick, kept in a column, so that every flow the
 * planner looked at can be explained. The column holds an index, everybody else is told the code.
 */
export const REASONS = [
  { code: 'unseen', text: 'no decision has been taken yet' },
  { code: 'no-rule', text: 'no rule asks for another placement' },
  { code: 'rule-onload', text: 'a rule asks for the vSwitch' },
  { code: 'placed', text: 'a rule asks for it and the backend has it' },
  {
    code: 'incumbent',
    text: 'placed earlier; no rule asks for it back and nothing better needs the entry',
  },
  { code: 'installing', text: 'chosen; the operation is on its way' },
  { code: 'table-full', text: 'the table is full of flows with better scores' },
  { code: 'budget', text: 'the budget of operations for now is used up' },
  { code: 'min-hold', text: 'moved too short a time ago to be moved again' },
  { code: 'unsupported', text: 'the backend cannot express this flow' },
  { code: 'refused', text: 'the backend refused the entry; it is tried again after a backoff' },
  { code: 'no-backend', text: 'no backend serves the placement the rule asks for' },
  { code: 'held', text: 'everything is held on the vSwitch by an operator (onload-all)' },
  { code: 'stale', text: 'the counters are stale; nothing is decided on stale numbers' },
  { code: 'not-evaluated', text: 'the time for rules in this tick was used up before this flow' },
  {
    code: 'actions-changed',
    text: 'the vSwitch changed what it does with the flow; the entry was taken out',
  },
  { code: 'port-gone', text: 'a port of the flow is gone; the entry was taken out' },
  { code: 'slice-maximum', text: 'its slice has as many entries as it may have' },
  { code: 'slice-share', text: 'its slice has its share; the other entries are due to others' },
  {
    code: 'port-bandwidth',
    text: 'its NIC port is as good as full; flows of other ports go first',
  },
  {
    code: 'fast-path-capacity',
    text: 'the fast path has no packets or bits a second left for it',
  },
  { code: 'below-threshold', text: 'it is expected to send too little to be worth an operation' },
  {
    code: 'small-gain',
    text: 'better than a flow that has an entry, but by too little to be worth a swap',
  },
] as const;

/** Code of a reason. */
export type ReasonCode = (typeof REASONS)[number]['code'];

const INDEX: ReadonlyMap<ReasonCode, number> = new Map(REASONS.map((r, i) => [r.code, i]));

/** The column value of a reason code. */
export function reasonIndex(code: ReasonCode): number {
  return INDEX.get(code) ?? 0;
}
