import type { FlowAction, FlowActions } from '../../../engine/model/action.ts';
import { fieldOf } from '../../../engine/model/match.ts';
import type { FlowMatch } from '../../../engine/model/match.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import { ETH_IPV4, ETH_IPV6 } from './key-layout.ts';
import { exactNumber } from './match-codec.ts';

/** Bits to overwrite: `value` is zero outside `mask`. */
export interface Overwrite {
  readonly value: Uint8Array;
  readonly mask: Uint8Array;
}

/** A tag to push; `tci` is priority and VLAN id as on the wire. */
export interface PushedTag {
  readonly tpid: number;
  readonly tci: number;
}

/**
 * What the program can do to a packet. The steps are independent, so their order does not matter.
 */
export interface ActionProgram {
  /** Port to send to; undefined drops. */
  readonly output: string | undefined;
  readonly popVlan: boolean;
  readonly pushVlan: PushedTag | undefined;
  readonly ethDst: Overwrite | undefined;
  readonly ethSrc: Overwrite | undefined;
  readonly ipTtl: Overwrite | undefined;
  readonly ipTos: Overwrite | undefined;
}

const SETTABLE = { eth_dst: 6, eth_src: 6, ip_ttl: 1, ip_tos: 1 } as const;
type Settable = keyof typeof SETTABLE;

function isSettable(field: string): field is Settable {
  return Object.hasOwn(SETTABLE, field);
}

function isTagged(match: FlowMatch): boolean {
  return fieldOf(match, 'vlan_tpid') !== undefined;
}

/** Combines the actions of one flow at a time, one by one. */
export class EncodedActions implements ActionProgram {
  #match: FlowMatch | undefined;
  #sets: Partial<Record<Settable, Overwrite>> | undefined;
  #output: string | undefined;
  #popped = false;
  #pushed: PushedTag | undefined;

  /** Forgets the actions, and begins with those of a flow with this match. */
  begin(match: FlowMatch): void {
    this.#match = match;
    this.#sets = undefined;
    this.#output = undefined;
    this.#popped = false;
    this.#pushed = undefined;
  }

  /** Adds an action; returns why it cannot be combined. */
  add(action: FlowAction): string | undefined {
    if (this.#output !== undefined) {
      return action.kind === 'output'
        ? `a second output (${action.port}): one packet cannot become two`
        : 'an action after the output';
    }
    switch (action.kind) {
      case 'output':
        this.#output = action.port;
        return undefined;
      case 'set':
        return this.#set(action.field, action.value, action.mask);
      case 'push-vlan':
        return this.#push(action.tpid, action.vid, action.pcp);
      case 'pop-vlan':
        return this.#pop();
      case 'opaque':
        return `the action ${action.text} cannot be performed`;
      default: {
        const never: never = action;
        return never;
      }
    }
  }

  get output(): string | undefined {
    return this.#output;
  }

  get popVlan(): boolean {
    return this.#popped;
  }

  get pushVlan(): PushedTag | undefined {
    return this.#pushed;
  }

  get ethDst(): Overwrite | undefined {
    return this.#sets?.eth_dst;
  }

  get ethSrc(): Overwrite | undefined {
    return this.#sets?.eth_src;
  }

  get ipTtl(): Overwrite | undefined {
    return this.#sets?.ip_ttl;
  }

  get ipTos(): Overwrite | undefined {
    return this.#sets?.ip_tos;
  }

  #set(field: string, value: Uint8Array, mask: Uint8Array): string | undefined {
    if (!isSettable(field)) {
      return this.#hasAlready(field, value, mask) ? undefined : `${field} cannot be rewritten`;
    }
    if (field === 'ip_ttl' || field === 'ip_tos') {
      const type = this.#match && exactNumber(this.#match, 'eth_type');
      if (type !== ETH_IPV4 && type !== ETH_IPV6) {
        return `${field} is rewritten, but the match does not say that the packet is IP`;
      }
    }
    this.#sets ??= {};
    const bytes = SETTABLE[field];
    const kept = (this.#sets[field] ??= {
      value: new Uint8Array(bytes),
      mask: new Uint8Array(bytes),
    });
    for (let i = 0; i < bytes; i++) {
      kept.value[i] = (kept.value[i] & ~mask[i]) | (value[i] & mask[i]);
      kept.mask[i] |= mask[i];
    }
    return undefined;
  }

  /** True when every packet of the flow already has these bits: no other action changes them. */
  #hasAlready(field: string, value: Uint8Array, mask: Uint8Array): boolean {
    if (field.startsWith('vlan_') || field.startsWith('cvlan_')) return false;
    const matched = this.#match?.fields.find((f) => f.field === field);
    return mask.every((bits, i) => {
      if (bits === 0) return true;
      if (matched === undefined || (bits & ~matched.mask[i]) !== 0) return false;
      return ((value[i] ^ matched.value[i]) & bits) === 0;
    });
  }

  #push(tpid: number, vid: number, pcp: number): string | undefined {
    if (this.#pushed !== undefined) return 'two VLAN tags are pushed';
    if (tpid !== 0x8100 && tpid !== 0x88a8) {
      return `a VLAN tag with TPID 0x${tpid.toString(16)} cannot be pushed`;
    }
    this.#pushed = { tpid, tci: ((pcp & 7) << 13) | (vid & 0xfff) };
    return undefined;
  }

  #pop(): string | undefined {
    if (this.#pushed !== undefined) {
      this.#pushed = undefined;
      return undefined;
    }
    if (this.#popped || this.#match === undefined || !isTagged(this.#match)) {
      return 'pop_vlan on a flow that matches untagged packets';
    }
    this.#popped = true;
    return undefined;
  }
}

/**
 * Translates actions to the normal form of the program: rewrites of MAC addresses, TTL and TOS, at
 * most one tag popped, at most one pushed, and one output or none. Returns why they cannot be
 * translated, or undefined.
 */
export function encodeActions(
  match: FlowMatch,
  actions: FlowActions,
  into: EncodedActions,
): Refusal | undefined {
  into.begin(match);
  for (const action of actions) {
    const problem = into.add(action);
    if (problem !== undefined) return { code: 'unsupported-action', detail: problem };
  }
  return undefined;
}
