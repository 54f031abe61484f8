import type { FlowAction } from '../model/action.ts';
import type { PacketHeaders, TrackedConnection } from '../model/connection.ts';
import type { RefusedConnectionCode } from '../model/refused-connection.ts';
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

/** What conntrack has answered. */
interface Answer extends UntrackedTuple {
  readonly found: FoundConnection | undefined;
}

/** A resolution, and what it was made of: it is the same as long as that is. */
interface Made extends Resolution {
  readonly megaflows: readonly Megaflow[];
  readonly untracked: readonly UntrackedTuple[];
  readonly answers: readonly Answer[];
  /** What of the host's settings was in the way. */
  readonly obstacle: ConnectionRefusal | undefined;
  /** {@link MegaflowIndex.version}. */
  readonly version: number;
}

/** Refusals that any other megaflow may end: one was missing, or could not be compared with the packets. */
const OF_MISSING: ReadonlySet<RefusedConnectionCode> = new Set<RefusedConnectionCode>([
  'no-megaflow',
  'chain-broken',
  'not-tracked',
  'unsupported-match',
]);

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

  /**
   * True if everything that a resolution was made of is as it was. It is asked of each connection at each
   * reading: loops, not callbacks.
   */
  #isCurrent(last: Resolution): boolean {
    const made = this.#made.get(last);
    if (made === undefined) return false;
    const { megaflows, answers, refusal, obstacle, version } = made;
    for (const megaflow of megaflows) if (!this.#index.has(megaflow)) return false;
    for (const answer of answers) if (!this.#answersSame(answer)) return false;
    if (refusal === undefined || obstacle !== undefined) return this.#obstacle(made) === obstacle;
    return !OF_MISSING.has(refusal.code) || version === this.#index.version;
  }

  #answersSame({ zone, tuple, found }: Answer): boolean {
    const now = this.#find(zone, tuple);
    if (now === undefined || found === undefined) return now === found;
    return now.direction === found.direction && isSame(now.connection, found.connection);
  }

  #compose(headers: PacketHeaders): Made {
    const answers: Answer[] = [];
    const composed = composeConnection(headers, this.#index, (zone, tuple) => {
      const found = this.#find(zone, tuple);
      answers.push({ zone, tuple, found });
      return found;
    });
    const { chain: megaflows } = composed;
    const chain = megaflows.map(({ id }) => id);
    const { version } = this.#index;
    if (composed.kind === 'refused') {
      const { code, detail } = composed;
      const from = { chain, megaflows, untracked: [], answers, obstacle: undefined, version };
      return { ...refused(headers, { code, detail }), ...from };
    }
    const { match, actions, tracked, untracked } = composed;
    const obstacle = this.#obstacle({ tracked, untracked });
    const from = { chain, megaflows, untracked, answers, obstacle, version };
    if (obstacle !== undefined) return { ...refused(headers, obstacle), ...from, tracked };
    return { match, actions, tracked, refusal: undefined, ...from };
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
