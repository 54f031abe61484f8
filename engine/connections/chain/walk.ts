import type { ConnectionTuple } from '../../model/connection.ts';
import type { FoundConnection } from '../../ports/connection-tracker.ts';
import { type Megaflow, megaflowName } from './megaflow.ts';
import type { MegaflowIndex } from './megaflow-index.ts';
import type { RefusedConnectionCode } from '../../model/refused-connection.ts';
import type { Step, TrackStep } from '../syntax/steps.ts';
import type { MaskedBytes } from '../syntax/values.ts';
import type { TravellingPacket } from './travelling-packet.ts';
import { mirrored, numberBytes, TCP, tupleOf } from './tuple.ts';

/** Megaflows that a packet may pass through. Pipelines in use have up to eight. */
const MAX_CHAIN = 32;

/** Ports whose packets conntrack may read without being told to (lib/conntrack.c). */
const FTP = 21;
const TFTP = 69;

/** The connection in a zone with this tuple in one of its directions. */
export type FindConnection = (zone: number, tuple: ConnectionTuple) => FoundConnection | undefined;

interface Refusal {
  readonly code: RefusedConnectionCode;
  readonly detail: string;
}

/** A zone of conntrack without a connection for this tuple. */
export interface UntrackedTuple {
  readonly zone: number;
  readonly tuple: ConnectionTuple;
}

/** Why a step of other kinds is refused. */
const OTHER: Readonly<Partial<Record<RefusedConnectionCode, string>>> = {
  userspace: 'ovs-vswitchd must see the packets',
  sampling: 'the vSwitch must draw the samples',
  meter: 'the vSwitch must measure the rate',
  'packet-size': 'it depends on the size of each packet',
  hash: 'the next megaflow depends on a hash of the packet',
  tunnel: 'packets in tunnels are left to the vSwitch',
};

/** Follows a packet from megaflow to megaflow, and does to it what they do. */
export class Walk {
  /** The megaflows so far. */
  readonly chain: Megaflow[] = [];
  /** The connection of each `ct` action so far. */
  readonly tracked: FoundConnection[] = [];
  /** What `ct` actions found no connection for. */
  readonly untracked: UntrackedTuple[] = [];
  readonly #packet: TravellingPacket;
  readonly #megaflows: MegaflowIndex;
  readonly #find: FindConnection;
  #output: string | undefined;
  /** Recirculation id that the current megaflow passes the packet on with. */
  #next: number | undefined;

  constructor(packet: TravellingPacket, megaflows: MegaflowIndex, find: FindConnection) {
    this.#packet = packet;
    this.#megaflows = megaflows;
    this.#find = find;
  }

  /** Port to send to; undefined when the packet is dropped. */
  get output(): string | undefined {
    return this.#output;
  }

  /** Walks to the end; returns why the packet cannot be followed. */
  run(): Refusal | undefined {
    this.#next = 0;
    while (this.#next !== undefined) {
      const refusal = this.#pass(this.#next);
      if (refusal !== undefined) return refusal;
    }
    const [first] = this.untracked;
    if (this.#output !== undefined || first === undefined) return undefined;
    // The connection may be committed soon, and must not be dropped then.
    const detail = `the packets are dropped, and conntrack has no such connection in zone ${first.zone}`;
    return { code: 'not-tracked', detail };
  }

  /** One megaflow. */
  #pass(recirculation: number): Refusal | undefined {
    this.#next = undefined;
    if (this.chain.length === MAX_CHAIN) {
      const detail = `the packets pass through more than ${MAX_CHAIN} megaflows`;
      return { code: 'chain-too-long', detail };
    }
    if (this.#packet.tags > 1) {
      return { code: 'vlan-depth', detail: 'the packets have two VLAN tags between two megaflows' };
    }
    const megaflow = this.#megaflows.find(recirculation, this.#packet);
    if (megaflow === undefined) return this.#missing(recirculation);
    this.chain.push(megaflow);
    if (megaflow.unknown !== undefined) {
      const { name, text } = megaflow.unknown;
      const detail = `${megaflowName(megaflow)} matches ${name}(${text})`;
      return { code: 'unsupported-match', detail };
    }
    for (const condition of megaflow.conditions) this.#packet.look(condition);
    for (const step of megaflow.steps) {
      const refusal = this.#perform(step);
      if (refusal === undefined) continue;
      return { ...refusal, detail: `${megaflowName(megaflow)}: ${refusal.detail}` };
    }
    return undefined;
  }

  #missing(recirculation: number): Refusal {
    const last = this.chain.at(-1);
    if (last === undefined) {
      return { code: 'no-megaflow', detail: 'no megaflow matches the packets as they enter' };
    }
    const [unknown] = this.untracked;
    if (unknown !== undefined) {
      const detail = `conntrack has no such connection in zone ${unknown.zone}, and no megaflow matches such packets`;
      return { code: 'not-tracked', detail: `${megaflowName(last)}: ${detail}` };
    }
    const id = `0x${recirculation.toString(16)}`;
    const detail = `${megaflowName(last)} passes the packets on with recirc(${id}), and no megaflow matches them there`;
    return { code: 'chain-broken', detail };
  }

  #perform(step: Step): Refusal | undefined {
    const packet = this.#packet;
    if (this.#next !== undefined) {
      return { code: 'multiple-outputs', detail: 'actions follow recirc(): packets are copied' };
    }
    switch (step.kind) {
      case 'output':
        if (this.#output !== undefined) return twoOutputs(this.#output, step.port);
        this.#output = step.port;
        return undefined;
      case 'recirc':
        if (this.#output !== undefined) return twoOutputs(this.#output, 'recirc()');
        this.#next = step.id;
        return undefined;
      case 'set':
        if (packet.set(step.field, step.value, step.mask)) return undefined;
        return unsupported(`set(${step.field}) on packets without that header of their own`);
      case 'push-vlan':
        packet.push({ tpid: step.tpid, vid: step.vid, pcp: step.pcp });
        return undefined;
      case 'pop-vlan':
        return packet.pop() ? undefined : unsupported('pop_vlan on packets without a tag');
      case 'ct-clear':
        packet.tracked.clear();
        return undefined;
      case 'ct':
        return this.#track(step);
      case 'other':
        break;
    }
    const why = OTHER[step.code] ?? 'an entry cannot have this action';
    return { code: step.code, detail: `${step.text}: ${why}` };
  }

  #track(step: TrackStep): Refusal | undefined {
    const { zone, text } = step;
    const packet = this.#packet;
    const tuple = tupleOf((field) => packet.valueOf(field));
    if (tuple === undefined) return unsupported(`${text} on packets without a tuple`);
    const helper = step.helper ?? helperOf(tuple);
    if (helper !== undefined) {
      return { code: 'helper', detail: `${text}: the helper ${helper} reads the packets` };
    }
    const isTranslated = packet.tracked.isTranslatedIn(zone);
    const found = this.#find(zone, isTranslated ? mirrored(tuple) : tuple);
    if (found === undefined) return this.#trackNew(step, tuple, isTranslated);
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
    { zone, text, commit }: TrackStep,
    tuple: ConnectionTuple,
    isTranslated: boolean,
  ): Refusal | undefined {
    if (commit || isTranslated) {
      const detail = `${text}: conntrack has no such connection in zone ${zone}`;
      return { code: 'not-tracked', detail };
    }
    this.untracked.push({ zone, tuple });
    this.#packet.tracked.trackNew(zone, tuple);
    return undefined;
  }
}

function twoOutputs(first: string, second: string): Refusal {
  return { code: 'multiple-outputs', detail: `the packets go to ${first} and to ${second}` };
}

function unsupported(detail: string): Refusal {
  return { code: 'unsupported-action', detail };
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
