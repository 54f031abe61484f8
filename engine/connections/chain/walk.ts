import { type Megaflow, megaflowName } from './megaflow.ts';
import type { MegaflowIndex } from './megaflow-index.ts';
import type { RefusedConnectionCode } from '../../model/refused-connection.ts';
import type { FlowActions } from '../../model/action.ts';
import type { PacketHeaders } from '../../model/connection.ts';
import type { Step } from '../syntax/steps.ts';
import { Encapsulation } from './encapsulation.ts';
import { enteringPacket, packetInside } from './entering-packet.ts';
import { type FindConnection, type Refusal, Tracking, unsupported, UNSURE } from './tracking.ts';
import type { TravellingPacket } from './travelling-packet.ts';

/** Megaflows that a packet may pass through. Pipelines in use have up to eight. */
const MAX_CHAIN = 32;

/** Why a step of other kinds is refused. */
const OTHER: Readonly<Partial<Record<RefusedConnectionCode, string>>> = {
  userspace: 'ovs-vswitchd must see the packets',
  sampling: 'the vSwitch must draw the samples',
  meter: 'the vSwitch must measure the rate',
  'packet-size': 'it depends on the size of each packet',
  hash: 'the next megaflow depends on a hash of the packet',
  tunnel: 'an entry cannot have such a tunnel',
};

/** Follows a packet from megaflow to megaflow, and does to it what they do. */
export class Walk {
  /** The megaflows so far. */
  readonly chain: Megaflow[] = [];
  /** What `ct` actions have found so far. */
  readonly tracking: Tracking;
  readonly #headers: PacketHeaders;
  readonly #megaflows: MegaflowIndex;
  readonly #encapsulation: Encapsulation;
  #packet: TravellingPacket;
  #output: string | undefined;
  /** Recirculation id that the current megaflow passes the packet on with. */
  #next: number | undefined;

  constructor(headers: PacketHeaders, megaflows: MegaflowIndex, find: FindConnection) {
    this.#headers = headers;
    this.#packet = enteringPacket(headers);
    this.#megaflows = megaflows;
    this.#encapsulation = new Encapsulation(headers);
    this.tracking = new Tracking(find);
  }

  /** The packet as the megaflows have left it: out of its tunnel, if one has taken it out. */
  get packet(): TravellingPacket {
    return this.#packet;
  }

  /** What puts it into the tunnel that it is sent in; nothing: it is in none. */
  get encapsulation(): FlowActions {
    return this.#encapsulation.actions;
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
    if (this.#headers.tunnel !== undefined && this.#packet.outer === undefined) {
      return { code: 'tunnel', detail: 'the packets stay in the tunnel that they arrive in' };
    }
    const [first] = this.tracking.untracked;
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
      return { code: name === 'tunnel' ? 'tunnel' : 'unsupported-match', detail };
    }
    for (const condition of megaflow.conditions) {
      if (condition.name === 'ct_state' && this.#packet.tracked.isUnsure(condition.mask)) {
        const detail = `${megaflowName(megaflow)} matches +snat or +dnat, ${UNSURE}`;
        return { code: 'unsupported-match', detail };
      }
      this.#packet.look(condition);
    }
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
    const [unknown] = this.tracking.untracked;
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
    const refusal = this.#encapsulation.refuses(step);
    if (refusal !== undefined) return refusal;
    switch (step.kind) {
      case 'output':
        if (this.#output !== undefined) return twoOutputs(this.#output, step.port);
        this.#output = step.port;
        return this.#encapsulation.sendTo(step.port);
      case 'recirc':
        if (this.#output !== undefined) return twoOutputs(this.#output, 'recirc()');
        this.#next = step.id;
        return undefined;
      case 'set':
        if (packet.set(step.field, step.value, step.mask)) return undefined;
        return unsupported(`set(${step.field}) on packets without that header of their own`);
      case 'push-vlan': {
        const tag = { tpid: step.tpid, vid: step.vid, pcp: step.pcp };
        if (!this.#encapsulation.takeTag(tag)) packet.push(tag);
        return undefined;
      }
      case 'pop-vlan':
        return packet.pop() ? undefined : unsupported('pop_vlan on packets without a tag');
      case 'push-tunnel':
      case 'set-tunnel':
        return this.#encapsulation.take(step);
      case 'pop-tunnel':
        return this.#popTunnel(step.port);
      case 'ct-clear':
        packet.tracked.clear();
        return undefined;
      case 'ct':
        return this.tracking.pass(packet, step);
      case 'other':
        break;
    }
    const why = OTHER[step.code] ?? 'an entry cannot have this action';
    return { code: step.code, detail: `${step.text}: ${why}` };
  }

  #popTunnel(port: string): Refusal | undefined {
    if (this.#output !== undefined) return twoOutputs(this.#output, port);
    const { recirculation } = this.chain[this.chain.length - 1];
    const isFirst = recirculation === 0 && this.#packet.outer === undefined;
    const inside = isFirst ? packetInside(this.#headers, this.#packet, port) : undefined;
    if (inside === undefined) {
      const why = isFirst ? 'the outer headers are not known' : 'it follows other megaflows';
      return { code: 'tunnel', detail: `tnl_pop(${port}): ${why}` };
    }
    this.#packet = inside;
    this.#next = 0;
    return undefined;
  }
}

function twoOutputs(first: string, second: string): Refusal {
  return { code: 'multiple-outputs', detail: `the packets go to ${first} and to ${second}` };
}
