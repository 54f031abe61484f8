import type { ConnectionTuple } from '../../model/connection.ts';
import type { RefusedConnectionCode } from '../../model/refused-connection.ts';
import type { FoundConnection } from '../../ports/connection-tracker.ts';
import type { TrackStep } from '../syntax/steps.ts';
import type { MaskedBytes } from '../syntax/values.ts';
import type { TravellingPacket } from './travelling-packet.ts';
import { mirrored, numberBytes, sameDestination, sameSource, TCP, tupleOf } from './tuple.ts';

/** Ports whose packets conntrack may read without being told to (lib/conntrack.c). */
const FTP = 21;
const TFTP = 69;

/** The connection in a zone with this tuple in one of its directions. */
export type FindConnection = (zone: number, tuple: ConnectionTuple) => FoundConnection | undefined;

/** Why a packet cannot be followed. */
export interface Refusal {
  readonly code: RefusedConnectionCode;
  readonly detail: string;
}

/** A zone of conntrack without a connection for this tuple. */
export interface UntrackedTuple {
  readonly zone: number;
  readonly tuple: ConnectionTuple;
}

/** Why it is not known whether a packet has `+snat` or `+dnat`. */
export const UNSURE =
  'and conntrack does not show whether it sets them for a connection that keeps its addresses';

/** The way of a packet through conntrack. */
export class Tracking {
  /** The connection of each `ct` action so far. */
  readonly tracked: FoundConnection[] = [];
  /** What `ct` actions found no connection for. */
  readonly untracked: UntrackedTuple[] = [];
  readonly #find: FindConnection;

  constructor(find: FindConnection) {
    this.#find = find;
  }

  /** Sends the packet through conntrack; returns why what that does to it is not known. */
  pass(packet: TravellingPacket, step: TrackStep): Refusal | undefined {
    const { zone, text } = step;
    const tuple = tupleOf((field) => packet.valueOf(field));
    if (tuple === undefined) return unsupported(`${text} on packets without a tuple`);
    const helper = step.helper ?? helperOf(tuple);
    if (helper !== undefined) {
      return { code: 'helper', detail: `${text}: the helper ${helper} reads the packets` };
    }
    const isTranslated = packet.tracked.isTranslatedIn(zone);
    const found = this.#find(zone, isTranslated ? mirrored(tuple) : tuple);
    if (packet.tracked.isUnsureIn(zone) && (found === undefined || !isMirrored(found))) {
      return unsupported(`${text}: it depends on +snat and +dnat, ${UNSURE}`);
    }
    if (found === undefined) return this.#trackNew(packet, step, tuple, isTranslated);
    if (!found.connection.isEstablished) {
      const detail = `${text}: the connection in zone ${zone} is not established in both directions`;
      return { code: 'not-established', detail };
    }
    const isReply = (found.direction === 'reply') !== isTranslated;
    const changes = changesOf(step, found, isReply);
    if (changes !== undefined) return { code: 'commit-changes', detail: `${text}: ${changes}` };
    this.tracked.push(found);
    const translated = packet.tracked.track(zone, found, step.nat);
    if (translated !== undefined) packet.translate(translated);
    return undefined;
  }

  /**
   * Conntrack has no connection. A zone to which nothing is committed says `+new` of each packet: OVN's
   * routers send all traffic through such zones, to undo a translation if there is one.
   */
  #trackNew(
    packet: TravellingPacket,
    { zone, text, commit }: TrackStep,
    tuple: ConnectionTuple,
    isTranslated: boolean,
  ): Refusal | undefined {
    if (commit || isTranslated) {
      const detail = `${text}: conntrack has no such connection in zone ${zone}`;
      return { code: 'not-tracked', detail };
    }
    this.untracked.push({ zone, tuple });
    packet.tracked.trackNew(zone, tuple);
    return undefined;
  }
}

/** The refusal of an action. */
export function unsupported(detail: string): Refusal {
  return { code: 'unsupported-action', detail };
}

/** True if the mirror of each tuple of the connection finds it, too, in the other direction. */
function isMirrored({ connection: { original, reply } }: FoundConnection): boolean {
  const mirror = mirrored(original);
  return sameSource(mirror, reply) && sameDestination(mirror, reply);
}

function helperOf({ protocol, srcPort, dstPort }: ConnectionTuple): string | undefined {
  const port = protocol === TCP ? FTP : TFTP;
  if (srcPort !== port && dstPort !== port) return undefined;
  return protocol === TCP ? 'ftp' : 'tftp';
}

/**
 * What a `ct` action would change of an established connection; undefined when it stays as it is. A
 * commit alone changes nothing: the connection is committed already.
 */
function changesOf(
  { force, mark, label }: TrackStep,
  { connection }: FoundConnection,
  isReply: boolean,
): string | undefined {
  if (force && isReply) return 'it replaces the connection';
  if (!hasBits(mark, numberBytes(connection.mark, 4))) {
    return `the connection has the mark 0x${connection.mark.toString(16)}`;
  }
  return hasBits(label, connection.labels) ? undefined : 'the connection has another label';
}

function hasBits(written: MaskedBytes | undefined, bytes: Uint8Array): boolean {
  if (written === undefined) return true;
  return written.value.every((byte, i) => ((byte ^ bytes[i]) & written.mask[i]) === 0);
}
