import type { FlowAction, FlowActions } from '../../model/action.ts';
import type { PacketHeaders } from '../../model/connection.ts';
import type { TunnelHeader } from '../../model/tunnel.ts';
import type { Step } from '../syntax/steps.ts';
import type { TunnelKey } from '../syntax/tunnel-headers.ts';
import { tunnelKindOf } from '../../model/tunnel-port.ts';
import { tunnelSourcePort } from './source-port.ts';
import type { Refusal } from './tracking.ts';
import type { PushedTag } from './travelling-packet.ts';
import { tupleOf } from './tuple.ts';

/** An action that puts packets into a tunnel, or prepares for it. */
type TunnelStep = Extract<Step, { readonly kind: 'push-tunnel' | 'set-tunnel' }>;

/**
 * The tunnel that a packet is sent in: the header that the userspace datapath puts in front of it, or the
 * key that a tunnel device of the kernel makes one from.
 */
export class Encapsulation {
  readonly #headers: PacketHeaders;
  #header: TunnelHeader | undefined;
  #key: TunnelKey | undefined;
  /** VLAN tag in front of the outer IP header. */
  #tag: PushedTag | undefined;

  /** @param headers of the packet as it enters, which its source port in the underlay follows from */
  constructor(headers: PacketHeaders) {
    this.#headers = headers;
  }

  /** What puts the packet into its tunnel; nothing: it is in no tunnel. */
  get actions(): FlowActions {
    if (this.#header === undefined) return [];
    const push: FlowAction = { kind: 'push-tunnel', header: this.#header };
    return this.#tag === undefined ? [push] : [push, { kind: 'push-vlan', ...this.#tag }];
  }

  /** Why an action cannot follow; undefined: it can. */
  refuses({ kind }: Step): Refusal | undefined {
    if (this.#header === undefined || kind === 'output' || kind === 'ct-clear') return undefined;
    if (kind === 'push-vlan' && this.#tag === undefined) return undefined;
    return { code: 'tunnel', detail: `${kind} is done to packets that are in a tunnel already` };
  }

  take(step: TunnelStep): Refusal | undefined {
    if (step.kind === 'set-tunnel') {
      this.#key = step.key;
      return undefined;
    }
    const { values } = this.#headers;
    const tuple = tupleOf((field) => values[field]);
    if (tuple === undefined) return { code: 'tunnel', detail: 'the packets have no ports' };
    this.#header = { ...step.header, srcPort: tunnelSourcePort(tuple) };
    return undefined;
  }

  /** Takes a tag that is pushed onto the outer headers; false: the packet is in no tunnel. */
  takeTag(tag: PushedTag): boolean {
    if (this.#header === undefined) return false;
    this.#tag = tag;
    return true;
  }

  /** The packet is sent to a port; returns why it is not known what is sent. */
  sendTo(port: string): Refusal | undefined {
    if (this.#header !== undefined) return undefined;
    const kind = tunnelKindOf(port);
    const key = this.#key;
    if (kind === undefined && key === undefined) return undefined;
    if (kind === undefined || key === undefined || (kind === 'vxlan' && key.options.length > 0)) {
      return { code: 'tunnel', detail: `the outer headers of what goes to ${port} are not known` };
    }
    this.#header = { kind, ...key };
    return undefined;
  }
}
