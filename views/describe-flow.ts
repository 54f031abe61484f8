import type { FlowAction, FlowActions } from '../engine/model/action.ts';
import {
  exactMask,
  type FieldMatch,
  type FieldName,
  type FlowMatch,
  isExact,
  type TunnelMatch,
} from '../engine/model/match.ts';
import { type TunnelHeader, tunnelName } from '../engine/model/tunnel.ts';
import { fieldText } from './field-text.ts';

/**
 * A match as one line, with the names of ovs-fields(7):
 * `in_port=vm1,tcp,eth_src=02:00:..,ipv4_dst=10.0.0.0/8,tcp_dst=443`. A protocol name replaces the
 * fields for ethertype and IP protocol.
 */
export function describeMatch(match: FlowMatch): string {
  const type = exactNumber(match, 'eth_type');
  const proto = exactNumber(match, 'ip_proto');
  const protocol = protocolName(type, proto);
  const namesProto = protocol !== undefined && protocol !== 'ip' && protocol !== 'ipv6';
  let text = `in_port=${match.inPort}`;
  if (protocol !== undefined) text += `,${protocol}`;
  for (const f of match.fields) {
    const named =
      (f.field === 'eth_type' && protocol !== undefined) || (f.field === 'ip_proto' && namesProto);
    if (!named && !isPlain(f)) text += `,${describeField(f)}`;
  }
  if (match.tunnel !== undefined) text += `,tunnel(${describeTunnel(match.tunnel)})`;
  for (const o of match.opaque) text += `,${o.name}(${o.text})`;
  return text;
}

/** Actions as one line, in order: `set ip_ttl=63, output vm2`; without actions `drop`. */
export function describeActions(actions: FlowActions): string {
  return actions.length === 0 ? 'drop' : actions.map(describeAction).join(', ');
}

function describeAction(action: FlowAction): string {
  if (action.kind === 'output') return `output ${action.port}`;
  if (action.kind === 'set') return `set ${describeField(action)}`;
  if (action.kind === 'pop-vlan') return 'pop vlan';
  if (action.kind === 'opaque') return action.text;
  if (action.kind === 'push-tunnel') return `push ${describeHeader(action.header)}`;
  const tpid = action.tpid === 0x8100 ? '' : ` tpid=0x${action.tpid.toString(16)}`;
  return `push vlan ${action.vid} pcp=${action.pcp}${tpid}`;
}

function describeHeader(header: TunnelHeader): string {
  const { dst } = header;
  const field = dst.length === 4 ? 'ipv4_dst' : 'ipv6_dst';
  return `${tunnelName(header)} to ${fieldText(field, dst, exactMask(field))}`;
}

function describeTunnel(tunnel: TunnelMatch): string {
  const { options } = tunnel;
  const withOptions =
    options.length === 0 ? '' : `,options=${Buffer.from(options).toString('hex')}`;
  return [tunnelName(tunnel), ...tunnel.fields.map(describeField)].join(',') + withOptions;
}

function describeField(f: FieldMatch): string {
  return `${f.field}=${fieldText(f.field, f.value, f.mask)}`;
}

/** Fields that nearly every flow has and that are omitted: no fragment, and the usual TPID. */
function isPlain(f: FieldMatch): boolean {
  if (f.field === 'ip_frag') return isExact(f) && f.value.every((byte) => byte === 0);
  return f.field === 'vlan_tpid' && isExact(f) && f.value[0] === 0x81 && f.value[1] === 0;
}

function exactNumber(match: FlowMatch, field: FieldName): number | undefined {
  const found = match.fields.find((f) => f.field === field);
  if (found === undefined || !isExact(found)) return undefined;
  return found.value.reduce((number, byte) => number * 256 + byte, 0);
}

function protocolName(type: number | undefined, proto: number | undefined): string | undefined {
  if (type === 0x0800) return IPV4[proto ?? -1] ?? 'ip';
  if (type === 0x86dd) return IPV6[proto ?? -1] ?? 'ipv6';
  return type === 0x0806 ? 'arp' : undefined;
}

const IPV4: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 132: 'sctp' };
const IPV6: Readonly<Record<number, string>> = { 58: 'icmp6', 6: 'tcp6', 17: 'udp6', 132: 'sctp6' };
