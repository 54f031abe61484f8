import { bypassRefusal } from '../../../engine/model/bypass.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import {
  type FieldMatch,
  type FlowMatch,
  fieldOf,
  firstBeyondHeaders,
  isExact,
} from '../../../engine/model/match.ts';
import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import type {
  FlowKind,
  ReceiveFilter,
  ReceiveKey,
} from '../../../protocols/ethtool/receive-filter.ts';
import { type KeyShape, shapeOf } from './key-shapes.ts';
import type { NtupleOptions } from './options.ts';

/** A flow as a receive filter, with the port that its packets go to. */
export interface FlowFilter {
  readonly flow: FlowSpec;
  readonly filter: ReceiveFilter;
  readonly inPort: PortInfo;
  readonly outPort: PortInfo;
}

export interface FilterRules
  extends Pick<NtupleOptions, 'uplink' | 'targetOf' | 'addressesAreUnique'> {
  readonly ports: PortSnapshot;
  /** The keys that the device accepts. */
  readonly shapes: ReadonlySet<KeyShape>;
}

/** `ip_proto` to the kinds of filters, for IPv4 and IPv6. */
const KINDS: Readonly<Record<number, readonly [FlowKind, FlowKind]>> = {
  6: ['tcp4', 'tcp6'],
  17: ['udp4', 'udp6'],
  132: ['sctp4', 'sctp6'],
};
const IPV4 = 0x0800;
const IPV6 = 0x86dd;

/** Fields that a filter never matches; {@link NtupleOptions.addressesAreUnique} covers them. */
const IMPLIED = new Set(['eth_src', 'eth_dst']);

/**
 * The receive filter of a flow, or why it cannot have one: it must take exactly the packets of the flow,
 * and deliver them unchanged to the one port that the vSwitch sends them to.
 */
export function filterOfFlow(flow: FlowSpec, rules: FilterRules): FlowFilter | Refusal {
  const { ports, uplink, targetOf } = rules;
  const { match, actions } = flow;
  const inPort = ports.get(match.inPort);
  if (inPort === undefined) return unknownPort(match.inPort);
  const key = keyOfMatch(match, rules);
  if ('code' in key) return key;
  if (inPort.name !== uplink) {
    return unsupportedMatch(`filters see only what arrives at ${uplink}, not at ${inPort.name}`);
  }
  const [action] = actions;
  if (actions.length !== 1 || action.kind !== 'output') {
    const detail = 'a filter delivers packets unchanged to one port, and does nothing else';
    return { code: 'unsupported-action', detail };
  }
  const outPort = ports.get(action.port);
  if (outPort === undefined) return unknownPort(action.port);
  const bypassed = bypassRefusal(flow, (name) => ports.get(name), Number.POSITIVE_INFINITY);
  if (bypassed !== undefined) return bypassed;
  const target = targetOf(outPort);
  if (target === undefined) {
    const detail = `port ${outPort.name} has no virtual function or queue of ${uplink}`;
    return { code: 'port-unavailable', detail };
  }
  return { flow, filter: { key, target }, inPort, outPort };
}

/** The key that takes exactly the packets of a match, or why no key does. */
export function keyOfMatch(
  match: FlowMatch,
  rules: Pick<FilterRules, 'uplink' | 'addressesAreUnique' | 'shapes'>,
): ReceiveKey | Refusal {
  const beyond = firstBeyondHeaders(match);
  if (beyond !== undefined) {
    return unsupportedMatch(`a filter cannot match ${beyond.text}`);
  }
  if (!rules.addressesAreUnique) {
    return unsupportedMatch(
      'a filter matches neither MAC addresses nor VLANs; set addressesAreUnique if each IP ' +
        `address behind ${rules.uplink} belongs to one host`,
    );
  }
  const etherType = numberOf(fieldOf(match, 'eth_type'));
  const kinds = KINDS[numberOf(fieldOf(match, 'ip_proto')) ?? -1];
  if ((etherType !== IPV4 && etherType !== IPV6) || kinds === undefined) {
    return unsupportedMatch('a filter takes TCP, UDP or SCTP over IPv4 or IPv6');
  }
  const isIpv4 = etherType === IPV4;
  const kind = kinds[isIpv4 ? 0 : 1];
  const protocol = kind.slice(0, -1);
  const key: { -readonly [Name in keyof ReceiveKey]: ReceiveKey[Name] } = { kind };
  for (const condition of match.fields) {
    const { field } = condition;
    if (field === 'eth_type' || field === 'ip_proto' || IMPLIED.has(field)) continue;
    // A filter that matches ports takes no fragments.
    if (field === 'ip_frag' && numberOf(condition) === 0) continue;
    const number = numberOf(condition);
    if (number === undefined) return unsupportedMatch(`a filter cannot match a part of ${field}`);
    if (field === (isIpv4 ? 'ipv4_src' : 'ipv6_src')) key.source = hex(condition);
    else if (field === (isIpv4 ? 'ipv4_dst' : 'ipv6_dst')) key.destination = hex(condition);
    else if (field === `${protocol}_src`) key.sourcePort = number;
    else if (field === `${protocol}_dst`) key.destinationPort = number;
    else return unsupportedMatch(`a filter cannot match ${field}`);
  }
  const shape = shapeOf(key);
  if (shape === undefined || !rules.shapes.has(shape)) {
    return unsupportedMatch(`${rules.uplink} has no filters for ${shape ?? 'these fields'}`);
  }
  return key;
}

/** The value of an exact match; undefined if a bit is a wildcard. Rounded for fields of more than 53 bits. */
function numberOf(condition: FieldMatch | undefined): number | undefined {
  if (condition === undefined || !isExact(condition)) return undefined;
  let value = 0;
  for (const byte of condition.value) value = value * 256 + byte;
  return value;
}

function hex({ value }: FieldMatch): string {
  return Buffer.from(value).toString('hex');
}

function unsupportedMatch(detail: string): Refusal {
  return { code: 'unsupported-match', detail };
}

function unknownPort(name: string): Refusal {
  return { code: 'port-unavailable', detail: `the vSwitch has no port ${name}` };
}
