import type { Match } from './match.ts';

/** An entry with the flag sendFlowRemoved is gone. On 1.0 a flexible match: Nicira's variant. */
export interface FlowRemoved {
  readonly type: 'flow-removed';
  readonly xid: number;
  readonly cookie: bigint;
  readonly priority: number;
  /** RemovedReason. */
  readonly reason: number;
  /** Table.all: 1.0 does not tell. */
  readonly tableId: number;
  readonly durationSec: number;
  readonly durationNsec: number;
  /** Seconds. `hardTimeout` is 0 in 1.0, which does not tell. */
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly match: Match;
}
