import type { FlowActions } from '../model/action.ts';
import type { PacketHeaders } from '../model/connection.ts';
import type { FlowId } from '../model/flow-id.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { FlowMatch } from '../model/match.ts';
import type { RefusedConnectionCode } from '../model/refused-connection.ts';
import type { FoundConnection, SequenceChecks } from '../ports/connection-tracker.ts';

/** Why a connection can have no entry of its own. */
export interface ConnectionRefusal {
  readonly code: RefusedConnectionCode;
  /** A sentence for an operator. */
  readonly detail: string;
}

/** What the vSwitch does to the packets of a connection. */
export interface Resolution {
  readonly match: FlowMatch;
  /** Composed actions; or an action that no backend performs, with the refusal as its text. */
  readonly actions: FlowActions;
  /** The megaflows that decide it, in the order in which the packets pass them. */
  readonly chain: readonly FlowId[];
  /** What conntrack knows of it, in the order in which the packets pass it. */
  readonly tracked: readonly FoundConnection[];
  /** Undefined: it can have an entry. */
  readonly refusal: ConnectionRefusal | undefined;
}

/** Works out what the vSwitch does to connections, from its megaflows and conntrack. */
export interface ChainResolver {
  /**
   * Takes the megaflows that a reading has left in the table, for all calls until the next.
   *
   * @param checks whether conntrack checks sequence numbers; undefined: conntrack could not be read,
   *   and no connection that it tracks is resolved
   * @param hasGaps true: conntrack may have connections that could not be read; default false
   */
  follow(table: FlowTable, checks: SequenceChecks | undefined, hasGaps?: boolean): void;
  /** The megaflow by which packets with these headers enter the vSwitch; undefined: none matches. */
  entry(headers: PacketHeaders): FlowId | undefined;
  /** @param last its last resolution, which is returned again while nothing has changed */
  resolve(headers: PacketHeaders, last?: Resolution): Resolution;
}
