import assert from 'node:assert/strict';
import {
  encodeRule,
  type FlowerRule,
  type RuleOutcome,
} from '../../../../../../adapters/nic/flower/rules/flower-rule.ts';
import type { FlowAction, FlowActions } from '../../../../../../engine/model/action.ts';
import type { FieldMatch, FieldName, OpaqueMatch } from '../../../../../../engine/model/match.ts';
import {
  flowerOf,
  type FlowerFilter,
  newFilter,
} from '../../../../../../protocols/netlink/tc/filters.ts';
import { FLOWER } from '../../../../../../protocols/netlink/tc/flower-table.ts';
import { PARENT } from '../../../../../../protocols/netlink/tc/traffic-control.ts';
import { allBits, exactly } from '../../../../../support/match-fields.ts';

export const ID = { w0: 0x01234567, w1: 0x89abcdef, w2: 0xfedcba98, w3: 0x76543210 };
const PORTS = new Map([
  ['vm1', { ifindex: 11, isInternal: false }],
  ['vm2', { ifindex: 12, isInternal: false }],
  ['br0', { ifindex: 13, isInternal: true }],
  ['vxlan_sys_4790', { ifindex: 14, isInternal: false }],
  ['genev_sys_6081', { ifindex: 15, isInternal: false }],
]);
const ports = {
  get: (name: string) => PORTS.get(name),
  problem: (name: string) => `${name} has no device`,
};

/** How a rule is made, and conditions outside the catalogue. */
export interface RuleSettings {
  readonly heartbeat?: boolean;
  readonly isInSoftware?: boolean;
  readonly canForbidFragments?: boolean;
  readonly inPort?: string;
  readonly opaque?: readonly OpaqueMatch[];
}

/** What becomes of a flow from `vm1`, or another port. */
export function outcome(
  fields: readonly FieldMatch[],
  actions: FlowActions,
  {
    heartbeat = false,
    isInSoftware = false,
    canForbidFragments = true,
    inPort = 'vm1',
    opaque = [],
  }: RuleSettings = {},
): RuleOutcome {
  const match = { inPort, fields, opaque };
  const options = { heartbeat, isInSoftware, canForbidFragments };
  return encodeRule({ id: ID, match, actions }, ports, options);
}

export function ruleOf(
  fields: readonly FieldMatch[],
  actions: FlowActions,
  options: RuleSettings = {},
): FlowerRule {
  const made = outcome(fields, actions, options);
  assert(made.ok, JSON.stringify(made));
  return made.rule;
}

/** Code and detail of a refusal. */
export function refusalOf(made: RuleOutcome): string {
  assert(!made.ok, 'the flow is not refused');
  return `${made.refusal.code}: ${made.refusal.detail}`;
}

/** The filter as a kernel would report it. */
export function filterOf({ ifindex, protocol, keys, actions }: FlowerRule): FlowerFilter {
  const place = { ifindex, protocol, parent: PARENT.clsactIngress, priority: 9, handle: 1 };
  const { payload } = newFilter(place, 'flower', [...keys, FLOWER.actions.of(actions)]);
  const filter = flowerOf(payload);
  assert(filter !== undefined);
  return filter;
}

export const to = (port: string): FlowAction => ({ kind: 'output', port });
export const TO_VM2: FlowActions = [to('vm2')];

export function set(field: FieldName, value: number | Uint8Array): FlowAction {
  const { value: bytes, mask } = exactly(field, value);
  return { kind: 'set', field, value: bytes, mask };
}

/** A match on some bits of a field. */
export function masked(field: FieldName, value: number, mask: number): FieldMatch {
  const bytes = (n: number): Uint8Array => exactly(field, n).value;
  assert.equal(allBits(field).length, bytes(value).length);
  return { field, value: bytes(value), mask: bytes(mask) };
}

export const IPV4 = [exactly('eth_type', 0x0800), exactly('ip_frag', 0)];
export const IPV6 = [exactly('eth_type', 0x86dd), exactly('ip_frag', 0)];
export const withProto = (
  fields: readonly FieldMatch[],
  proto: number,
  ...others: readonly FieldMatch[]
): readonly FieldMatch[] => [...fields, exactly('ip_proto', proto), ...others];
