import type { Actions } from './action.ts';
import type { FlexibleMatch } from './match.ts';

/** A packet for the controller. */
export interface PacketIn {
  readonly type: 'packet-in';
  readonly xid: number;
  readonly bufferId: number;
  /** Length of the whole packet, bytes; `data` may hold less of it. */
  readonly totalLength: number;
  /** 0 no match, 1 action, 2 bad TTL. */
  readonly reason: number;
  /** 0 in 1.0. */
  readonly tableId: number;
  /** All ones in 1.0, and where none belongs to it. */
  readonly cookie: bigint;
  /** Metadata of the packet. 1.0: just `in_port`. */
  readonly match: FlexibleMatch;
  readonly data: Uint8Array;
}

/** A packet for the switch to send. */
export interface PacketOut {
  readonly type: 'packet-out';
  readonly xid: number;
  readonly bufferId: number;
  readonly inPort: number;
  readonly actions: Actions;
  /** Empty when `bufferId` names a buffered packet. */
  readonly data: Uint8Array;
}
