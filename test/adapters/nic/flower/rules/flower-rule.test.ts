import assert from 'node:assert/strict';
import {
  encodeRule,
  type FlowerRule,
} from '../../../../../adapters/nic/flower/rules/flower-rule.ts';
import { flowIdOfActions } from '../../../../../adapters/nic/flower/rules/cookie.ts';
import type { FlowActions } from '../../../../../engine/model/action.ts';
import type { FlowMatch } from '../../../../../engine/model/match.ts';
import { exactly, matchOn } from '../../../../support/match-fields.ts';
import { FLOWER } from '../../../../../protocols/netlink/tc/flower-table.ts';
import { flowerOf, newFilter } from '../../../../../protocols/netlink/tc/filters.ts';
import { PARENT } from '../../../../../protocols/netlink/tc/traffic-control.ts';

const ID = { w0: 0x01234567, w1: 0x89abcdef, w2: 0xfedcba98, w3: 0x76543210 };
const PORTS = new Map([
  ['vm1', { ifindex: 11, isInternal: false }],
  ['vm2', { ifindex: 12, isInternal: false }],
  ['br0', { ifindex: 13, isInternal: true }],
]);
const ports = {
  get: (name: string) => PORTS.get(name),
  problem: (name: string) => `${name} has no device`,
};
const to = (port: string): FlowActions => [{ kind: 'output', port }];
const TO_VM2 = to('vm2');

const outcome = (match: FlowMatch, actions: FlowActions, heartbeat = false) =>
  encodeRule({ id: ID, match, actions }, ports, { heartbeat });

function rule(match: FlowMatch, actions: FlowActions, heartbeat = false): FlowerRule {
  const made = outcome(match, actions, heartbeat);
  assert(made.ok, JSON.stringify(made));
  return made.rule;
}

function refusal(match: FlowMatch, actions: FlowActions): string {
  const made = outcome(match, actions);
  assert(!made.ok);
  return `${made.refusal.code}: ${made.refusal.detail}`;
}

const IPV4 = [exactly('eth_type', 0x0800), exactly('ip_frag', 0)];

/** The filter as a kernel would report it. */
function filterOf(made: FlowerRule) {
  const place = { ifindex: made.ifindex, parent: PARENT.clsactIngress, priority: 9, handle: 1 };
  const options = [...made.keys, FLOWER.actions.of(made.actions)];
  const filter = flowerOf(
    newFilter({ ...place, protocol: made.protocol }, 'flower', options).payload,
  );
  assert(filter !== undefined);
  return filter;
}

describe('rules of tc flower', () => {
  it('are filters on the device of the input port, with the id of the flow as cookie', () => {
    const made = rule(matchOn('vm1', ...IPV4), TO_VM2);
    assert.deepEqual(
      [made.inPort, made.ifindex, made.protocol, made.outputs],
      ['vm1', 11, 0x0800, ['vm2']],
    );
    const { actions } = filterOf(made);
    assert.deepEqual(flowIdOfActions(actions), ID);
    assert.equal(actions.at(-1)?.cookie?.toString('hex'), '0123456789abcdeffedcba9876543210');
    assert.deepEqual(actions.at(-1)?.to, { how: 1, ifindex: 12 });
  });

  it('refuse unknown ports, and what an internal port sends', () => {
    const match = matchOn('vm1', ...IPV4);
    assert.equal(refusal(match, to('vm9')), 'port-unavailable: vm9 has no device');
    assert.equal(refusal(matchOn('vm9', ...IPV4), TO_VM2), 'port-unavailable: vm9 has no device');
    assert.equal(
      refusal(matchOn('br0', ...IPV4), TO_VM2),
      'port-unavailable: what the internal port br0 sends does not pass the ingress of tc',
    );
  });
});
