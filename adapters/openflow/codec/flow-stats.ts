import type { Instructions } from './instruction.ts';
import type { Match, OxmMatch } from './match.ts';

/** Which flow entries are asked for; both versions (`outGroup` and the cookie only in 1.3). */
export interface FlowStatsRequest {
  readonly kind: 'flow' | 'aggregate';
  readonly tableId: number;
  readonly outPort: number;
  readonly outGroup: number;
  readonly cookie: bigint;
  readonly cookieMask: bigint;
  readonly match: Match;
}

/** Nicira's variant on 1.0, with an NXM match. */
export interface NxFlowStatsRequest {
  readonly kind: 'nx-flow' | 'nx-aggregate';
  readonly tableId: number;
  readonly outPort: number;
  readonly match: OxmMatch;
}

/** One flow entry and its counters. */
export interface FlowStats {
  readonly tableId: number;
  readonly durationSec: number;
  readonly durationNsec: number;
  readonly priority: number;
  /** Seconds; 0: none. */
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  /** Bits of FlowFlag; 0 in 1.0, which does not tell. */
  readonly flags: number;
  /** Nicira's variant only, else 0: seconds since the last packet or change, plus one; 0: not known. */
  readonly idleAge: number;
  readonly hardAge: number;
  readonly cookie: bigint;
  /** All ones: not counted. */
  readonly packets: bigint;
  /** With the L2 header. */
  readonly bytes: bigint;
  readonly match: Match;
  readonly instructions: Instructions;
}

/** Entries of one part of a flow-stats reply. */
export interface FlowStatsReply {
  readonly kind: 'flow' | 'nx-flow';
  readonly flows: readonly FlowStats[];
}

/** Sums over the flow entries asked for. */
export interface AggregateStatsReply {
  readonly kind: 'aggregate' | 'nx-aggregate';
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly flows: number;
}
