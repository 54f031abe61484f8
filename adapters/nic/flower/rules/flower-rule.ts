import type { FlowSpec } from '../../../../engine/model/flow.ts';
import type { Refusal, RefusalCode } from '../../../../engine/model/refusal.ts';
import { withCookie } from '../../../../protocols/netlink/tc/actions.ts';
import { ActionEncoder, type PortDevice, type RuleOptions } from './action-encoder.ts';
import { cookieOf } from './cookie.ts';
import { encodeMatch } from './match-encoder.ts';

/** The devices of the ports. */
export interface RulePorts {
  get(name: string): PortDevice | undefined;
  /** Why {@link get} does not have a port: one line. */
  problem(name: string): string;
}

/** A flow as a filter of `flower`; its place, flags and handle are the table's. */
export interface FlowerRule {
  readonly inPort: string;
  /** The device of {@link inPort}. */
  readonly ifindex: number;
  /** Ethertype of the filter, for its `FilterPlace`. */
  readonly protocol: number;
  /** Options of the filter that match. */
  readonly keys: readonly Buffer[];
  /** Bytes of the options of Geneve that each packet has; 0 without a tunnel. */
  readonly optionBytes: number;
  /** For the option `FLOWER.actions`; the last one has the flow's id as cookie. */
  readonly actions: readonly Buffer[];
  /** Ports to which packets are sent, once each. */
  readonly outputs: readonly string[];
}

/** The rule of a flow, or why there cannot be one. */
export type RuleOutcome =
  | { readonly ok: true; readonly rule: FlowerRule }
  | { readonly ok: false; readonly refusal: Refusal };

/**
 * Translates a flow, as Open vSwitch's own offload does (lib/tc.c and lib/netdev-offload-tc.c), but
 * refuses it where a rule would match other packets, or change them otherwise, than the vSwitch.
 */
export function encodeRule(flow: FlowSpec, ports: RulePorts, options: RuleOptions): RuleOutcome {
  const { inPort } = flow.match;
  const encoded = encodeMatch(flow.match, options.isInSoftware);
  if (typeof encoded === 'string') return refused('unsupported-match', encoded);
  const { headers, protocol, keys, optionBytes } = encoded;
  const deviceOf = (name: string): PortDevice | undefined => ports.get(name);
  const encoder = new ActionEncoder(flow.match, headers, options, deviceOf);
  const done = encoder.encode(flow.actions);
  if (typeof done === 'string') return refused('unsupported-action', done);

  const device = ports.get(inPort);
  if (device === undefined) return refused('port-unavailable', ports.problem(inPort));
  const { ifindex, isInternal } = device;
  if (isInternal) {
    const detail = `what the internal port ${inPort} sends does not pass the ingress of tc`;
    return refused('port-unavailable', detail);
  }
  const { outputs, missing } = done;
  if (missing !== undefined) return refused('port-unavailable', ports.problem(missing));
  const actions = withCookieAtEnd(done.actions, cookieOf(flow.id));
  return { ok: true, rule: { inPort, ifindex, protocol, keys, optionBytes, actions, outputs } };
}

function withCookieAtEnd(actions: readonly Buffer[], cookie: Buffer): readonly Buffer[] {
  const last = actions.length - 1;
  return actions.map((action, i) => (i === last ? withCookie(action, cookie) : action));
}

function refused(code: RefusalCode, detail: string): RuleOutcome {
  return { ok: false, refusal: { code, detail } };
}
