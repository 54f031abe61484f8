import type { FlowAction, FlowActions } from '../../../engine/model/action.ts';
import { fieldOf } from '../../../engine/model/match.ts';
import type { FieldName, FlowMatch } from '../../../engine/model/match.ts';
import { type TunnelHeader, tunnelName } from '../../../engine/model/tunnel.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import {
  isMatched,
  isRewritable,
  type Overwrite,
  Overwrites,
  packetsProblem,
} from './overwrites.ts';

/** A tag to push; `tci` is priority and VLAN id as on the wire. */
export interface PushedTag {
  readonly tpid: number;
  readonly tci: number;
}

/** Outer headers to put in front of a packet. */
export interface PushedTunnel {
  readonly header: TunnelHeader;
  /** UDP source port; 0: the kernel chooses it. */
  readonly srcPort: number;
  /** VLAN tag behind the outer Ethernet header. */
  readonly tag: PushedTag | undefined;
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
  /** IP addresses: 4 bytes, or 16 and then without a mask. */
  readonly src: Overwrite | undefined;
  readonly dst: Overwrite | undefined;
  /** Ports of TCP or UDP. */
  readonly l4Src: Overwrite | undefined;
  readonly l4Dst: Overwrite | undefined;
  /** What the rewritten packet is put into; excludes {@link pushVlan}. */
  readonly tunnel: PushedTunnel | undefined;
}

function isTagged(match: FlowMatch): boolean {
  return fieldOf(match, 'vlan_tpid') !== undefined;
}

/** Combines the actions of one flow at a time, one by one. */
export class EncodedActions implements ActionProgram {
  #match: FlowMatch | undefined;
  #overwrites: Overwrites | undefined;
  #output: string | undefined;
  #popped = false;
  #pushed: PushedTag | undefined;
  #header: TunnelHeader | undefined;

  /** Forgets the actions, and begins with those of a flow with this match. */
  begin(match: FlowMatch): void {
    this.#match = match;
    this.#overwrites = undefined;
    this.#output = undefined;
    this.#popped = false;
    this.#pushed = undefined;
    this.#header = undefined;
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
        if (this.#header !== undefined) return `the outer ${action.field} is rewritten`;
        return this.#set(action.field, action.value, action.mask);
      case 'push-vlan':
        return this.#push(action.tpid, action.vid, action.pcp);
      case 'pop-vlan':
        return this.#pop();
      case 'push-tunnel':
        return this.#encapsulate(action.header);
      case 'opaque':
        return `the action ${action.text} cannot be performed`;
      default: {
        const never: never = action;
        return never;
      }
    }
  }

  /** To be called behind the last action; returns why they cannot be performed. */
  end(): string | undefined {
    if (this.#header !== undefined && this.#output === undefined) {
      return `packets are put into ${tunnelName(this.#header)} and go nowhere`;
    }
    return this.#match && this.#overwrites?.settle(this.#match);
  }

  get output(): string | undefined {
    return this.#output;
  }

  get popVlan(): boolean {
    return this.#popped;
  }

  get pushVlan(): PushedTag | undefined {
    return this.#header === undefined ? this.#pushed : undefined;
  }

  get tunnel(): PushedTunnel | undefined {
    const header = this.#header;
    return header && { header, srcPort: header.srcPort ?? 0, tag: this.#pushed };
  }

  get ethDst(): Overwrite | undefined {
    return this.#overwrites?.of('eth_dst');
  }

  get ethSrc(): Overwrite | undefined {
    return this.#overwrites?.of('eth_src');
  }

  get ipTtl(): Overwrite | undefined {
    return this.#overwrites?.of('ip_ttl');
  }

  get ipTos(): Overwrite | undefined {
    return this.#overwrites?.of('ip_tos');
  }

  get src(): Overwrite | undefined {
    return this.#overwrites?.of('ipv4_src') ?? this.#overwrites?.of('ipv6_src');
  }

  get dst(): Overwrite | undefined {
    return this.#overwrites?.of('ipv4_dst') ?? this.#overwrites?.of('ipv6_dst');
  }

  get l4Src(): Overwrite | undefined {
    return this.#overwrites?.of('tcp_src') ?? this.#overwrites?.of('udp_src');
  }

  get l4Dst(): Overwrite | undefined {
    return this.#overwrites?.of('tcp_dst') ?? this.#overwrites?.of('udp_dst');
  }

  #set(field: FieldName, value: Uint8Array, mask: Uint8Array): string | undefined {
    if (!isRewritable(field)) {
      return this.#isMatched(field, { value, mask }) ? undefined : `${field} cannot be rewritten`;
    }
    if (field === 'ip_ttl' || field === 'ip_tos') {
      const problem = this.#match && packetsProblem(this.#match, field);
      if (problem !== undefined) return problem;
    }
    this.#overwrites ??= new Overwrites();
    this.#overwrites.add(field, value, mask);
    return undefined;
  }

  /** True when every packet of the flow already has these bits: no other action changes them. */
  #isMatched(field: FieldName, how: Overwrite): boolean {
    if (field.startsWith('vlan_') || field.startsWith('cvlan_')) return false;
    return this.#match !== undefined && isMatched(this.#match, field, how);
  }

  #encapsulate(header: TunnelHeader): string | undefined {
    if (this.#header !== undefined) return 'a tunnel in a tunnel';
    if (this.#pushed !== undefined) return 'a VLAN tag is pushed onto a packet for a tunnel';
    this.#header = header;
    return undefined;
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
    if (this.#header !== undefined) return 'pop_vlan on outer headers without a tag';
    if (this.#popped || this.#match === undefined || !isTagged(this.#match)) {
      return 'pop_vlan on a flow that matches untagged packets';
    }
    this.#popped = true;
    return undefined;
  }
}

/**
 * Translates actions to the normal form of the program: rewrites of MAC addresses, TTL, TOS, IP addresses
 * and ports, at most one tag popped, at most one pushed, at most one tunnel, and one output or none. Returns why
 * they cannot be translated, or undefined.
 */
export function encodeActions(
  match: FlowMatch,
  actions: FlowActions,
  into: EncodedActions,
): Refusal | undefined {
  into.begin(match);
  let problem: string | undefined;
  for (const action of actions) {
    problem = into.add(action);
    if (problem !== undefined) break;
  }
  problem ??= into.end();
  return problem === undefined ? undefined : { code: 'unsupported-action', detail: problem };
}
