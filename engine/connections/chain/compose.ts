import type { FlowActions } from '../../model/action.ts';
import type { PacketHeaders } from '../../model/connection.ts';
import type { FlowMatch } from '../../model/match.ts';
import type { FoundConnection } from '../../ports/connection-tracker.ts';
import { composedActions } from './composed-actions.ts';
import { composedMatch } from './composed-match.ts';
import type { Megaflow } from './megaflow.ts';
import type { MegaflowIndex } from './megaflow-index.ts';
import type { RefusedConnectionCode } from '../../model/refused-connection.ts';
import { TCP, tupleOf } from './tuple.ts';
import type { FindConnection, UntrackedTuple } from './tracking.ts';
import { Walk } from './walk.ts';

/** What the vSwitch does to the established packets of one direction of a connection. */
export interface ComposedConnection {
  readonly kind: 'composed';
  /** On the headers of packets as they enter the vSwitch. */
  readonly match: FlowMatch;
  /** Rewrites in a normal form, a tunnel, and at most one output; empty: the packets are dropped. */
  readonly actions: FlowActions;
  /** The megaflows that the packets pass through, in order. */
  readonly chain: readonly Megaflow[];
  /** The connection of each `ct` action, in order, with the direction of the tuple it was found by. */
  readonly tracked: readonly FoundConnection[];
  /** Lookups in conntrack without a result: the entry is valid while they still have none. */
  readonly untracked: readonly UntrackedTuple[];
}

/** A connection that can have no entry of its own. */
export interface RefusedConnection {
  readonly kind: 'refused';
  readonly code: RefusedConnectionCode;
  /** A sentence for an operator: which megaflow, which action, and why. */
  readonly detail: string;
  /** The megaflows up to the one with the reason. */
  readonly chain: readonly Megaflow[];
}

/** Flags of the packets that an entry is made for: neither first nor last of a connection. */
const ACK = Uint8Array.of(0, 0x10);

/**
 * Composes the entry of one direction of a connection: follows a packet with these headers through
 * the megaflows, and unites what they look at and what they do.
 *
 * Exact for packets that match: a megaflow looks either at bits of the packet as it entered, which
 * the entry matches, or at bits that an earlier action has written. What a megaflow knows from
 * conntrack holds for as long as the connection stays as it is.
 *
 * @param headers as the packet enters; of TCP flags, those of a packet in mid-connection count
 * @param find a connection that conntrack knows, by zone and tuple
 */
export function composeConnection(
  headers: PacketHeaders,
  megaflows: MegaflowIndex,
  find: FindConnection,
): ComposedConnection | RefusedConnection {
  const values = { ...headers.values };
  if (values.ip_proto?.[0] === TCP) values.tcp_flags = ACK;
  if (tupleOf((field) => values[field]) === undefined) {
    const detail = 'the packets are not TCP or UDP over IP, or are fragments';
    return { kind: 'refused', code: 'protocol', detail, chain: [] };
  }
  if (values.cvlan_tpid !== undefined) {
    const detail = 'the packets have two VLAN tags';
    return { kind: 'refused', code: 'vlan-depth', detail, chain: [] };
  }
  const walk = new Walk({ ...headers, values }, megaflows, find);
  const refusal = walk.run();
  const { chain, tracking, packet, output, encapsulation } = walk;
  const { tracked, untracked } = tracking;
  if (refusal !== undefined) return { kind: 'refused', ...refusal, chain };
  const match = composedMatch({ ...headers, values }, packet);
  const actions = composedActions(packet, match, output, encapsulation);
  return { kind: 'composed', match, actions, chain, tracked, untracked };
}
