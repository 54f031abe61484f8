import type { Instructions } from './instruction.ts';
import type { Match } from './match.ts';

/**
 * Adds, changes or deletes flow entries.
 *
 * 1.0: `cookieMask` 0, `outGroup` Group.any, and instructions of one `apply-actions` or none. A flexible match
 * makes it Nicira's NXT_FLOW_MOD.
 */
export interface FlowMod {
  readonly type: 'flow-mod';
  readonly xid: number;
  /** FlowCommand. */
  readonly command: number;
  /** On 1.0 only where the switch has Nicira's table id extension switched on, else 0. */
  readonly tableId: number;
  readonly cookie: bigint;
  /** Bits of the cookie that an entry must share to be changed or deleted. */
  readonly cookieMask: bigint;
  /** Seconds; 0: none. */
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly priority: number;
  /** Buffered packet to send through it, or NO_BUFFER. */
  readonly bufferId: number;
  /** For deletes: only entries that send there. */
  readonly outPort: number;
  readonly outGroup: number;
  /** Bits of FlowFlag. */
  readonly flags: number;
  readonly match: Match;
  readonly instructions: Instructions;
}
