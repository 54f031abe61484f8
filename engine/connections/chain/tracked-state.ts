import type { ConnectionTuple } from '../../model/connection.ts';
import type { FoundConnection } from '../../ports/connection-tracker.ts';
import type { MetadataName } from '../syntax/conditions.ts';
import { mirrored, numberBytes, sameDestination, sameSource } from './tuple.ts';

/** Bits of `ct_state` (`CS_*`, lib/packets.h). */
const STATE = {
  new: 0x01,
  established: 0x02,
  reply: 0x08,
  tracked: 0x20,
  sourceNat: 0x40,
  destinationNat: 0x80,
};
const TRANSLATED = STATE.sourceNat | STATE.destinationNat;

const NO_LABELS: Uint8Array = new Uint8Array(16);

/**
 * What the vSwitch knows of a packet after `ct` actions, as conntrack_execute (lib/conntrack.c) and
 * ovs_ct_execute (net/openvswitch/conntrack.c) leave it for established connections.
 */
export class TrackedState {
  #state = 0;
  /** Bits of the state that do not follow from what conntrack shows. */
  #unsure = 0;
  #zone = 0;
  #mark = 0;
  #labels: Uint8Array = NO_LABELS;
  #original: ConnectionTuple | undefined;

  /** Undefined for the tuple of another IP version. */
  valueOf(name: MetadataName): Uint8Array | undefined {
    const original = this.#original;
    switch (name) {
      case 'ct_state':
        return numberBytes(this.#state, 4);
      case 'ct_zone':
        return numberBytes(this.#zone, 2);
      case 'ct_mark':
        return numberBytes(this.#mark, 4);
      case 'ct_label':
        return this.#labels;
      case 'ct_nw_src':
        return address(original, 4, original?.src);
      case 'ct_nw_dst':
        return address(original, 4, original?.dst);
      case 'ct_ipv6_src':
        return address(original, 6, original?.src);
      case 'ct_ipv6_dst':
        return address(original, 6, original?.dst);
      case 'ct_nw_proto':
        return numberBytes(original?.protocol ?? 0, 1);
      case 'ct_tp_src':
        return numberBytes(original?.srcPort ?? 0, 2);
      case 'ct_tp_dst':
        break;
    }
    return numberBytes(original?.dstPort ?? 0, 2);
  }

  /** True if it is not known whether the packet meets this condition on `ct_state`. */
  isUnsure(mask: Uint8Array): boolean {
    return (mask[mask.length - 1] & this.#unsure) !== 0;
  }

  /** True if it is not known whether {@link isTranslatedIn} holds. */
  isUnsureIn(zone: number): boolean {
    return this.#zone === zone && this.#unsure !== 0;
  }

  /** The state of a packet that has not been through conntrack. */
  clear(): void {
    this.#state = 0;
    this.#unsure = 0;
    this.#zone = 0;
    this.#mark = 0;
    this.#labels = NO_LABELS;
    this.#original = undefined;
  }

  /**
   * True if the packet was translated in this zone already: conntrack finds its connection by the
   * mirror of its tuple, and does not translate it again.
   */
  isTranslatedIn(zone: number): boolean {
    return this.#zone === zone && (this.#state & TRANSLATED) !== 0;
  }

  /**
   * Goes through conntrack, which has no connection for this tuple in the zone: the packet is `+new`,
   * and nothing is translated until the connection is committed.
   */
  trackNew(zone: number, tuple: ConnectionTuple): void {
    this.clear();
    this.#state = STATE.tracked | STATE.new;
    this.#zone = zone;
    this.#original = tuple;
  }

  /**
   * Goes through conntrack, with an established connection.
   *
   * @param found by the packet's tuple; by its mirror if it was translated in this zone
   * @param nat whether the action translates
   * @returns the tuple to write to the packet; undefined when it stays
   */
  track(zone: number, found: FoundConnection, nat: boolean): ConnectionTuple | undefined {
    const wasTranslated = this.isTranslatedIn(zone);
    if (this.#zone !== zone) {
      this.#state = 0;
      this.#unsure = 0;
    }
    const { connection } = found;
    const isReply = (found.direction === 'reply') !== wasTranslated;
    const before = isReply ? connection.reply : connection.original;
    const after = mirrored(isReply ? connection.original : connection.reply);
    this.#state |= STATE.tracked | STATE.established | (isReply ? STATE.reply : 0);
    this.#zone = zone;
    this.#mark = connection.mark;
    this.#labels = connection.labels;
    this.#original = connection.original;
    if (!nat || wasTranslated) return undefined;
    const translated =
      (sameSource(before, after) ? 0 : STATE.sourceNat) |
      (sameDestination(before, after) ? 0 : STATE.destinationNat);
    this.#state |= translated;
    // Userspace conntrack says so, too, of what nat(src) translates to the address that it has.
    this.#unsure = translated === 0 ? TRANSLATED : 0;
    return translated === 0 ? undefined : after;
  }
}

function address(
  original: ConnectionTuple | undefined,
  version: 4 | 6,
  bytes: Uint8Array | undefined,
): Uint8Array | undefined {
  if (original === undefined) return new Uint8Array(version === 4 ? 4 : 16);
  return original.ipVersion === version ? bytes : undefined;
}
