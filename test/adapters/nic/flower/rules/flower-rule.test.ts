import assert from 'node:assert/strict';
import {
  flowIdOfActions,
  flowIdOfCookie,
} from '../../../../../adapters/nic/flower/rules/cookie.ts';
import { POLICE } from '../../../../../protocols/netlink/tc/action-tables.ts';
import { VERDICT } from '../../../../../protocols/netlink/tc/tables.ts';
import { filterOf, ID, IPV4, outcome, refusalOf, ruleOf, to, TO_VM2 } from './support/rules.ts';

describe('rules of tc flower', () => {
  it('are filters on the device of the input port, with the id of the flow as cookie', () => {
    const rule = ruleOf(IPV4, TO_VM2);
    const { inPort, ifindex, protocol, outputs } = rule;
    assert.deepEqual([inPort, ifindex, protocol, outputs], ['vm1', 11, 0x0800, ['vm2']]);
    const { actions } = filterOf(rule);
    assert.deepEqual(flowIdOfActions(actions), ID);
    assert.equal(actions.at(-1)?.cookie?.toString('hex'), '0123456789abcdeffedcba9876543210');
    assert.deepEqual(actions.at(-1)?.to, { how: 1, ifindex: 12 });
  });

  it('have the cookie of a drop, too', () => {
    const { actions } = filterOf(ruleOf(IPV4, []));
    assert.deepEqual(
      actions.map(({ kind, verdict }) => [kind, verdict]),
      [['gact', VERDICT.shot]],
    );
    assert.deepEqual(flowIdOfActions(actions), ID);
  });

  it('name each output once', () => {
    const { outputs } = ruleOf(IPV4, [to('vm2'), to('br0'), to('vm2')]);
    assert.deepEqual(outputs, ['vm2', 'br0']);
  });

  it('let one packet a second pass unchanged, before all other actions, where asked for', () => {
    const { actions } = filterOf(ruleOf(IPV4, TO_VM2, { heartbeat: true }));
    assert.deepEqual(
      actions.map(({ kind }) => kind),
      ['police', 'mirred'],
    );
    const { options } = actions[0];
    assert.equal(options.get(POLICE.packetRate64), 1n);
    assert.equal(options.get(POLICE.result), VERDICT.ok);
  });

  it('are refused for unknown ports, and for what an internal port sends', () => {
    const unknown = 'port-unavailable: vm9 has no device';
    assert.equal(refusalOf(outcome(IPV4, [to('vm9')])), unknown);
    assert.equal(refusalOf(outcome(IPV4, TO_VM2, { inPort: 'vm9' })), unknown);
    assert.equal(
      refusalOf(outcome(IPV4, TO_VM2, { inPort: 'br0' })),
      'port-unavailable: what the internal port br0 sends does not pass the ingress of tc',
    );
  });

  it('are refused for their actions, whether or not there are ports', () => {
    const actions = [{ kind: 'opaque', text: 'recirc(0x1)' } as const, to('vm9')];
    assert.equal(
      refusalOf(outcome(IPV4, actions)),
      'unsupported-action: the action recirc(0x1) cannot be performed',
    );
  });

  it('are not recognised by a cookie of another length', () => {
    assert.equal(flowIdOfCookie(Buffer.alloc(8)), undefined);
    assert.equal(flowIdOfActions([{ cookie: undefined }]), undefined);
  });
});
