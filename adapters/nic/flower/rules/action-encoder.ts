import type { FlowAction, FlowActions } from '../../../../engine/model/action.ts';
import type { FieldName, FlowMatch } from '../../../../engine/model/match.ts';
import { MIRRED_TO } from '../../../../protocols/netlink/tc/action-tables.ts';
import {
  markForHost,
  mirred,
  policePackets,
  popVlan,
  pushVlan,
  releaseTunnel,
  verdict,
  withSharedCounters,
} from '../../../../protocols/netlink/tc/actions.ts';
import { VERDICT } from '../../../../protocols/netlink/tc/tables.ts';
import { type FlowHeaders, isVlan, tagCount } from './headers.ts';
import { HeaderWrites } from './header-writes.ts';
import { tunnelName } from '../../../../engine/model/tunnel.ts';
import { encodeTunnelSet } from './tunnel-set.ts';

/** `TCA_ACT_MAX_PRIO`: actions of one filter. */
const MAX_ACTIONS = 32;

/** How rules are written. */
export interface RuleOptions {
  /**
   * One packet a second goes to the vSwitch, by the action `police` before all others. Only for
   * rules in software: few NICs carry a rate in packets.
   */
  readonly heartbeat: boolean;
  /** True if the kernel carries out the rules, on packets whose sender left them to be segmented. */
  readonly isInSoftware: boolean;
  /** Whether the kernel can set the flag DF of the outer header of a tunnel (Linux 6.4). */
  readonly canForbidFragments: boolean;
}

/** An action of Open vSwitch that sets the outer headers of a tunnel. */
const SET_TUNNEL = /^set\(tunnel\((.*)\)\)$/s;

/** The device of a port. */
export interface PortDevice {
  readonly ifindex: number;
  /**
   * True for an internal port of the vSwitch: it receives what is sent to it, and what it sends
   * leaves the host's stack.
   */
  readonly isInternal: boolean;
}

/** What is done with the packets of a flow. */
export interface EncodedActions {
  readonly actions: readonly Buffer[];
  /** Ports to which packets are sent, once each. */
  readonly outputs: readonly string[];
  /** The first of them that has no device; then the actions cannot be used. */
  readonly missing: string | undefined;
}

/** Translates the actions of one flow, in their order. */
export class ActionEncoder {
  readonly #match: FlowMatch;
  readonly #deviceOf: (port: string) => PortDevice | undefined;
  readonly #writes: HeaderWrites;
  /** Bits of fields that the packet no longer has from the match. */
  readonly #changed = new Map<FieldName, Uint8Array>();
  readonly #options: RuleOptions;
  readonly #actions: Buffer[] = [];
  readonly #outputs = new Set<string>();
  #missing: string | undefined;
  #tags: number;

  /**
   * @param deviceOf the device of a port by name
   */
  constructor(
    match: FlowMatch,
    headers: FlowHeaders,
    options: RuleOptions,
    deviceOf: (port: string) => PortDevice | undefined,
  ) {
    this.#match = match;
    this.#deviceOf = deviceOf;
    this.#options = options;
    this.#writes = new HeaderWrites(headers, options.isInSoftware);
    this.#tags = tagCount(headers);
    if (options.heartbeat) this.#push(policePackets(1n, 1n, VERDICT.ok, VERDICT.pipe));
    // The metadata of the tunnel that a packet came from must not lead it into another one.
    if (match.opaque.some(({ name }) => name === 'tunnel')) this.#push(releaseTunnel());
  }

  /** Translates all actions; returns why tc cannot perform one of them. */
  encode(actions: FlowActions): EncodedActions | string {
    for (const action of actions) {
      if (action.kind !== 'opaque') continue;
      const { text } = action;
      if (!SET_TUNNEL.test(text)) return `the action ${text} cannot be performed`;
    }
    // What is done to the packet after it has left has no effect.
    const last = actions.findLastIndex(({ kind }) => kind === 'output');
    for (const [i, action] of actions.slice(0, last + 1).entries()) {
      const problem = this.#add(action, i === last);
      if (problem !== undefined) return problem;
    }
    if (last === -1) this.#push(verdict(VERDICT.shot));
    if (this.#actions.length > MAX_ACTIONS) return `more than ${MAX_ACTIONS} actions of tc`;
    return { actions: this.#actions, outputs: [...this.#outputs], missing: this.#missing };
  }

  #add(action: FlowAction, isLast: boolean): string | undefined {
    switch (action.kind) {
      case 'output':
        return this.#send(action.port, isLast);
      case 'set':
        return this.#set(action.field, action.value, action.mask);
      case 'push-vlan':
        return this.#pushTag(action.tpid, action.vid, action.pcp);
      case 'pop-vlan':
        return this.#popTag();
      case 'push-tunnel':
        return `tc cannot put packets into ${tunnelName(action.header)} without a tunnel device`;
      case 'opaque':
        return this.#setTunnel(action.text);
      default: {
        const never: never = action;
        return never;
      }
    }
  }

  #send(port: string, isLast: boolean): undefined {
    this.#outputs.add(port);
    const device = this.#deviceOf(port);
    if (device === undefined) {
      this.#missing ??= port;
      return;
    }
    const { ifindex, isInternal } = device;
    if (isInternal) this.#push(markForHost());
    const { egressRedirect, egressMirror, ingressRedirect, ingressMirror } = MIRRED_TO;
    const redirect = isInternal ? ingressRedirect : egressRedirect;
    const mirror = isInternal ? ingressMirror : egressMirror;
    this.#push(mirred(isLast ? redirect : mirror, ifindex));
  }

  #set(field: FieldName, value: Uint8Array, mask: Uint8Array): string | undefined {
    if (this.#hasAlready(field, value, mask)) return undefined;
    const changed = this.#changed.get(field) ?? new Uint8Array(mask.length);
    this.#changed.set(
      field,
      changed.map((bits, i) => bits | mask[i]),
    );
    return this.#writes.add(field, value, mask, this.#tags);
  }

  /** True when every packet of the flow has these bits, and no earlier action has changed them. */
  #hasAlready(field: FieldName, value: Uint8Array, mask: Uint8Array): boolean {
    if (field.startsWith('vlan_') || field.startsWith('cvlan_')) return false;
    const matched = this.#match.fields.find((f) => f.field === field);
    const changed = this.#changed.get(field);
    return mask.every((bits, i) => {
      if (bits === 0) return true;
      if (matched === undefined || (bits & ~matched.mask[i]) !== 0) return false;
      if (changed !== undefined && (bits & changed[i]) !== 0) return false;
      return ((value[i] ^ matched.value[i]) & bits) === 0;
    });
  }

  /** The only action without a kind in the model that gets so far. */
  #setTunnel(text: string): string | undefined {
    const [, outer = ''] = SET_TUNNEL.exec(text) ?? [];
    const set = encodeTunnelSet(outer, this.#options.canForbidFragments);
    if (typeof set === 'string') return set;
    this.#push(set);
    return undefined;
  }

  #pushTag(tpid: number, vid: number, pcp: number): string | undefined {
    if (!isVlan(tpid)) return `a VLAN tag with TPID 0x${tpid.toString(16)} cannot be pushed`;
    this.#push(pushVlan(vid, tpid, pcp));
    this.#tags++;
    return undefined;
  }

  #popTag(): string | undefined {
    if (this.#tags === 0) return 'pop_vlan on packets without a VLAN tag';
    this.#push(popVlan());
    this.#tags--;
    return undefined;
  }

  /** Adds an action behind the writes before it. */
  #push(action: Buffer): void {
    this.#actions.push(...this.#writes.take(), withSharedCounters(action));
  }
}
