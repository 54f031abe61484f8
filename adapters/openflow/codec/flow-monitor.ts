import type { Instructions } from './instruction.ts';
import type { FlexibleMatch } from './match.ts';

/** A wish to hear of changes to flow entries. */
export interface FlowMonitor {
  /** Chosen by the asker; unique among its monitors. */
  readonly id: number;
  /** Bits of MonitorFlag. */
  readonly flags: number;
  readonly outPort: number;
  readonly tableId: number;
  /** 1.0: NXM; 1.3: OXM. */
  readonly match: FlexibleMatch;
}

/** Makes monitors: Nicira's extension on 1.0, the ONF's (187) on 1.3. */
export interface FlowMonitorRequest {
  readonly kind: 'flow-monitor';
  readonly monitors: readonly FlowMonitor[];
}

/** A change to the flow entries. */
export type FlowUpdate =
  | {
      readonly kind: 'added' | 'deleted' | 'modified';
      /** RemovedReason, of a deleted one. */
      readonly reason: number;
      readonly priority: number;
      /** Seconds. */
      readonly idleTimeout: number;
      readonly hardTimeout: number;
      readonly tableId: number;
      readonly cookie: bigint;
      readonly match: FlexibleMatch;
      /** Empty without MonitorFlag.actions, and for a deleted one. */
      readonly instructions: Instructions;
    }
  /** A change that this connection's request with this xid made. */
  | { readonly kind: 'own'; readonly xid: number };

/** Answer to the request, and later (same xid: 0) whenever something changes. */
export interface FlowMonitorReply {
  readonly kind: 'flow-monitor';
  readonly updates: readonly FlowUpdate[];
}

export interface FlowMonitorCancel {
  readonly type: 'flow-monitor-cancel';
  readonly xid: number;
  readonly id: number;
}

/** The switch stopped reporting, as the receiver is too slow; then it goes on. */
export interface FlowMonitorPause {
  readonly type: 'flow-monitor-paused' | 'flow-monitor-resumed';
  readonly xid: number;
}
