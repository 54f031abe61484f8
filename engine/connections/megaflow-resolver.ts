import type { FlowAction } from '../model/action.ts';
import type { PacketHeaders, TrackedConnection } from '../model/connection.ts';
import { sameBytes } from '../model/same-actions.ts';
import type { FlowId } from '../model/flow-id.ts';
import type { FlowTable } from '../model/flow-table.ts';
import { exactMask, FIELD_BITS, type FieldMatch, type FieldName } from '../model/match.ts';
import type { FlowMatch } from '../model/match.ts';
import type {
  ConnectionTracker,
  FoundConnection,
  SequenceChecks,
} from '../ports/connection-tracker.ts';
import { composeConnection } from './chain/compose.ts';
import { enteringPacket } from './chain/entering-packet.ts';
import { FollowedMegaflows } from './followed-megaflows.ts';
import type { Megaflow } from './chain/megaflow.ts';
import { MegaflowIndex } from './chain/megaflow-index.ts';
import type { ChainResolver, ConnectionRefusal, Resolution } from './resolver.ts';
import { TCP } from './chain/tuple.ts';
import type { UntrackedTuple } from './chain/tracking.ts';

/** A resolution, and the megaflows that it is made of. */
interface Made extends Resolution {
  readonly megaflows: readonly Megaflow[];
  readonly untracked: readonly UntrackedTuple[];
}

const CHECKS_UNKNOWN = {
  code: 'sequence-checks',
  detail: 'it is unknown whether conntrack checks TCP sequence numbers',
} as const;

const CHECKS_ON = {
  code: 'sequence-checks',
  detail:
    'conntrack checks TCP sequence numbers, and would drop the connection when it returns to the vSwitch; ' +
    'norikae doctor says how to switch that off',
} as const;

const UNREADABLE = { code: 'not-tracked', detail: 'conntrack could not be read' } as const;

const GAPS = {
  code: 'not-tracked',
  detail: 'conntrack has no such connection, or it is one of those that could not be read',
} as const;

/** Resolves connections by composing their chains of megaflows. */
export class MegaflowResolver implements ChainResolver {
  readonly #tracker: Pick<ConnectionTracker, 'find'>;
  readonly #index = new MegaflowIndex();
  readonly #followed: FollowedMegaflows;
  #checks: SequenceChecks | undefined;
  #hasGaps = false;
  /** Resolutions that may be returned again, with what they were made of. */
  readonly #made = new WeakMap<Resolution, Made>();

  /** @param isConnection true for rows of the flow table that are connections */
  constructor(tracker: Pick<ConnectionTracker, 'find'>, isConnection: (row: number) => boolean) {
    this.#tracker = tracker;
    this.#followed = new FollowedMegaflows(this.#index, isConnection);
  }

  follow(table: FlowTable, checks: SequenceChecks | undefined, hasGaps = false): void {
    this.#followed.follow(table);
    this.#checks = checks;
    this.#hasGaps = hasGaps;
  }

  entry(headers: PacketHeaders): FlowId | undefined {
    return this.#index.find(0, enteringPacket(headers))?.id;
  }

  resolve(headers: PacketHeaders, last?: Resolution): Resolution {
    if (last !== undefined && this.#isCurrent(last)) return last;
    const made = this.#compose(headers);
    this.#made.set(made, made);
    return made;
  }

  /** True if everything that an entry was composed of is as it was. */
  #isCurrent(last: Resolution): boolean {
    const made = this.#made.get(last);
    if (made === undefined || made.refusal !== undefined) return false;
    return (
      made.megaflows.every((megaflow) => this.#index.has(megaflow)) &&
      made.tracked.every((found) => this.#isTracked(found)) &&
      made.untracked.every(({ zone, tuple }) => this.#find(zone, tuple) === undefined) &&
      this.#obstacle(made) === undefined
    );
  }

  #isTracked({ connection, direction }: FoundConnection): boolean {
    const now = this.#find(connection.zone, connection[direction]);
    return now?.direction === direction && isSame(now.connection, connection);
  }

  #compose(headers: PacketHeaders): Made {
    const composed = composeConnection(headers, this.#index, (zone, tuple) =>
      this.#find(zone, tuple),
    );
    const { chain: megaflows } = composed;
    const chain = megaflows.map(({ id }) => id);
    if (composed.kind === 'refused') {
      const { code, detail } = composed;
      return { ...refused(headers, { code, detail }), chain, megaflows, untracked: [] };
    }
    const { match, actions, tracked, untracked } = composed;
    const refusal = undefined;
    const made = { match, actions, chain, tracked, untracked, megaflows, refusal };
    const obstacle = this.#obstacle(made);
    return obstacle === undefined ? made : { ...made, ...refused(headers, obstacle), tracked };
  }

  #find(zone: number, tuple: TrackedConnection['original']): FoundConnection | undefined {
    return this.#checks === undefined ? undefined : this.#tracker.find(zone, tuple);
  }

  /** What of the host's settings is in the way of a connection. */
  #obstacle({
    tracked,
    untracked,
  }: Pick<Made, 'tracked' | 'untracked'>): ConnectionRefusal | undefined {
    if (tracked.length === 0 && untracked.length === 0) return undefined;
    if (this.#checks === undefined) return UNREADABLE;
    if (untracked.length > 0 && this.#hasGaps) return GAPS;
    const isTcp = tracked.some(({ connection }) => connection.original.protocol === TCP);
    if (!isTcp || this.#checks === 'off') return undefined;
    return this.#checks === 'on' ? CHECKS_ON : CHECKS_UNKNOWN;
  }
}

function isSame(a: TrackedConnection, b: TrackedConnection): boolean {
  return (
    a.isEstablished === b.isEstablished &&
    a.mark === b.mark &&
    sameBytes(a.labels, b.labels) &&
    isSameTuple(a.original, b.original) &&
    isSameTuple(a.reply, b.reply)
  );
}

function isSameTuple(a: TrackedConnection['original'], b: TrackedConnection['original']): boolean {
  return (
    a.protocol === b.protocol &&
    a.srcPort === b.srcPort &&
    a.dstPort === b.dstPort &&
    sameBytes(a.src, b.src) &&
    sameBytes(a.dst, b.dst)
  );
}

/** The match of the headers themselves, and an action that says what is in the way. */
function refused(headers: PacketHeaders, refusal: ConnectionRefusal): Omit<Resolution, 'chain'> {
  const action: FlowAction = { kind: 'opaque', text: `${refusal.code}: ${refusal.detail}` };
  return { match: matchOf(headers), actions: [action], tracked: [], refusal };
}

const FIELDS: readonly FieldName[] = Object.keys(FIELD_BITS).filter((name): name is FieldName =>
  Object.hasOwn(FIELD_BITS, name),
);

/** Headers that differ between the packets of a connection. */
const VARYING: ReadonlySet<FieldName> = new Set<FieldName>(['ip_tos', 'ip_ttl', 'tcp_flags']);

function matchOf({ inPort, values, tunnel }: PacketHeaders): FlowMatch {
  const match = { inPort, fields: exactFields(values), opaque: [] };
  if (tunnel === undefined) return match;
  const { values: outer, ...rest } = tunnel;
  return { ...match, tunnel: { ...rest, fields: exactFields(outer) } };
}

function exactFields(values: PacketHeaders['values']): readonly FieldMatch[] {
  return FIELDS.flatMap((field): FieldMatch[] => {
    const value = values[field];
    if (value === undefined || VARYING.has(field)) return [];
    return [{ field, value, mask: exactMask(field) }];
  });
}
