import type { FlowActions } from '../model/action.ts';
import type { PacketHeaders } from '../model/connection.ts';
import type { FlowId } from '../model/flow-id.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { FlowMatch } from '../model/match.ts';

/** What the vSwitch does to the packets of a connection. */
export interface Resolution {
  readonly match: FlowMatch;
  /** Composed actions; or an action that no backend performs, with the reason as its text. */
  readonly actions: FlowActions;
  /** The megaflows that decide it, in the order in which the packets pass them. */
  readonly chain: readonly FlowId[];
}

/** Works out what the vSwitch does to connections, from its megaflows and conntrack. */
export interface ChainResolver {
  /**
   * Takes the megaflows that a reading has left in the table.
   *
   * @param isTracked false: conntrack could not be read, and no connection is resolved
   */
  follow(table: FlowTable, isTracked: boolean): void;
  /** Row of the megaflow by which packets with these headers enter the vSwitch, or -1. */
  entryRow(headers: PacketHeaders): number;
  resolve(headers: PacketHeaders): Resolution;
}
