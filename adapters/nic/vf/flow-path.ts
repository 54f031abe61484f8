import { bypassRefusal } from '../../../engine/model/bypass.ts';
import type { FlowActions } from '../../../engine/model/action.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import {
  type FieldMatch,
  type FlowMatch,
  fieldOf,
  firstBeyondHeaders,
  isExact,
} from '../../../engine/model/match.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import { RULE_FIELDS, type RuleField } from '../../../protocols/guest-channel/codec/rule.ts';
import type { VfOptions, VfVm } from './options.ts';

/** How a flow goes through a virtual function: to which VM or from which, and as which rule there. */
export interface FlowPath {
  readonly vm: VfVm;
  readonly direction: 'receive' | 'transmit';
  /** What the guest's rule matches: packets without tag, which belongs to the NIC. */
  readonly match: readonly RuleField[];
}

/**
 * The path of a flow between the uplink and a VM, or why it has none. Whether the vSwitch's other
 * flows permit it is another question (`permissions.ts`).
 */
export function pathOfFlow(
  flow: FlowSpec,
  { uplink, vms }: Pick<VfOptions, 'uplink' | 'vms'>,
  ports: PortSnapshot,
): FlowPath | Refusal {
  const { match, actions } = flow;
  if (!ports.has(match.inPort)) return noPort(match.inPort);
  const beyond = firstBeyondHeaders(match);
  if (beyond !== undefined) {
    return unsupportedMatch(`neither NIC nor guest can match ${beyond.text}`);
  }
  const out = outputOf(actions);
  if (out === undefined) {
    const detail = 'a virtual function delivers to one port, and changes nothing but its VLAN tag';
    return { code: 'unsupported-action', detail };
  }
  if (!ports.has(out)) return noPort(out);
  const direction = match.inPort === uplink ? 'receive' : 'transmit';
  const [ofVm, ofWire] = direction === 'receive' ? [out, match.inPort] : [match.inPort, out];
  if (ofWire !== uplink) {
    return unsupportedMatch(`a virtual function connects VMs with ${uplink}, not with ${ofWire}`);
  }
  const vm = vms.find(({ port }) => port === ofVm);
  if (vm === undefined) {
    const detail = `port ${ofVm} has no virtual function of ${uplink}`;
    return { code: 'port-unavailable', detail };
  }
  const bypassed = bypassRefusal(flow, (name) => ports.get(name), Number.POSITIVE_INFINITY);
  if (bypassed !== undefined) return bypassed;
  const vlan = vlanRefusal(direction, match, actions, vm);
  if (vlan !== undefined) return vlan;
  const rule = ruleMatch(match);
  return 'code' in rule ? rule : { vm, direction, match: rule };
}

/** The one port that actions send to, unchanged but for one VLAN tag; undefined: they do else. */
function outputOf(actions: FlowActions): string | undefined {
  const last = actions.at(-1);
  if (last?.kind !== 'output' || actions.length > 2) return undefined;
  if (actions.length === 1) return last.port;
  const tag = actions[0].kind === 'push-vlan' || actions[0].kind === 'pop-vlan';
  return tag ? last.port : undefined;
}

/** On the wire, packets have the VLAN of the virtual function; in the guest they have no tag. */
function vlanRefusal(
  direction: FlowPath['direction'],
  match: FlowMatch,
  actions: FlowActions,
  { vlan, vf }: VfVm,
): Refusal | undefined {
  const isReceived = direction === 'receive';
  const tagging = isReceived ? 'pop-vlan' : 'push-vlan';
  const onWire = isReceived ? matchedVlan(match) : actedVlan(actions);
  const isTaggedInGuest = !isReceived && matchedVlan(match) !== 0;
  const doesTag = actions[0].kind === (vlan === 0 ? 'output' : tagging);
  if (onWire === vlan && doesTag && !isTaggedInGuest) return undefined;
  return unsupportedMatch(
    `VF ${vf} has ${vlan === 0 ? 'no VLAN' : `VLAN ${vlan}`}, and packets of the flow are tagged ` +
      'differently on the wire or in the guest',
  );
}

/** The VLAN that a match requires; 0: no tag; undefined: not one VLAN. */
function matchedVlan(match: FlowMatch): number | undefined {
  if (fieldOf(match, 'cvlan_tpid') !== undefined) return undefined;
  const vid = fieldOf(match, 'vlan_vid');
  if (vid === undefined) return fieldOf(match, 'vlan_tpid') === undefined ? 0 : undefined;
  return isExact(vid) ? (vid.value[0] << 8) | vid.value[1] : undefined;
}

function actedVlan(actions: FlowActions): number | undefined {
  const [first] = actions;
  if (first.kind === 'pop-vlan') return undefined;
  if (first.kind !== 'push-vlan') return 0;
  return first.tpid === 0x8100 && first.pcp === 0 ? first.vid : undefined;
}

function ruleMatch(match: FlowMatch): readonly RuleField[] | Refusal {
  const fields: RuleField[] = [];
  for (const condition of match.fields) {
    if (condition.field === 'vlan_tpid' || condition.field === 'vlan_vid') continue;
    const field = RULE_FIELDS.find((name) => name === condition.field);
    if (field === undefined) return unsupportedMatch(`a guest cannot match ${condition.field}`);
    fields.push({ field, value: hex(condition.value), mask: hex(condition.mask) });
  }
  return fields;
}

function hex(bytes: FieldMatch['value']): string {
  return Buffer.from(bytes).toString('hex');
}

function unsupportedMatch(detail: string): Refusal {
  return { code: 'unsupported-match', detail };
}

function noPort(name: string): Refusal {
  return { code: 'port-unavailable', detail: `the vSwitch has no port ${name}` };
}
