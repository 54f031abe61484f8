import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FieldPool } from '../../../adapters/ovs/dump/field-pool.ts';
import { KeyParser } from '../../../adapters/ovs/dump/key.ts';
import { keyOfFlow, readTrace } from '../../../adapters/ovs/trace.ts';
import { showActions } from './dump/dump-lines.ts';
import { CONTROLLER, CT, DROP, LOOP, NORMAL, REWRITE } from './recorded-traces.ts';

/** The actions of a trace as text, or why the trace has no actions. */
function read(trace: string): string {
  const current = readTrace(trace, new KeyParser(new FieldPool()));
  if (current.kind === 'gone') return 'gone';
  return current.kind === 'known' ? showActions(current.actions) : `unknown: ${current.why}`;
}

describe('ofproto/trace', () => {
  it('gives the actions that the datapath flow should have', () => {
    assert.equal(read(NORMAL.trace), '>br0 >vm2');
    assert.equal(read(REWRITE.trace), 'set:eth_src=020000000099 set:ip_ttl=3f push:8100:9:0 >vm2');
    assert.equal(read(DROP.trace), '');
  });

  it('gives none where it cannot tell', () => {
    assert.match(read(CONTROLLER.trace), /^unknown: the trace has the action userspace\(/);
    assert.equal(read(CT.trace), 'unknown: the trace has the action ct');
    assert.equal(read(LOOP.trace), 'unknown: the vSwitch could not translate the flow');
    const slow = `${DROP.trace}This flow is handled by the userspace slow path because it:\n  - Uses action(s) not supported by datapath.\n`;
    assert.equal(read(slow), 'unknown: ovs-vswitchd itself handles the flow');
    const reason = DROP.trace.replace('Datapath actions: drop', 'Datapath actions: drop(5)');
    assert.equal(read(reason), 'unknown: the trace has the action drop(5)');
    assert.equal(read(''), 'unknown: the trace has no datapath actions');
    assert.equal(
      read('Datapath actions: set(eth(src=02:00:00:00:00:99)\n'),
      'unknown: the datapath actions of the trace are malformed',
    );
  });

  it('is read without exceptions, whatever it says', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(NORMAL.trace.length), (junk, at) => {
        read(junk);
        read(`Datapath actions: ${junk}`);
        read(REWRITE.trace.slice(0, at) + junk + REWRITE.trace.slice(at));
      }),
    );
  });
});

describe('the key of a flow', () => {
  it('is taken from the output of dpctl/get-flow with and without -m', () => {
    assert.match(
      keyOfFlow(NORMAL.flow) ?? '',
      /^skb_priority\(0\/0\).*,udp\(src=1002\/0,dst=2002\/0\)$/,
    );
    const short = 'recirc_id(0),in_port(2),eth_type(0x0800),ipv4(frag=no)';
    assert.equal(keyOfFlow(`${short}, packets:358, bytes:42244, used:0.002s, actions:3\n`), short);
    assert.equal(keyOfFlow(''), undefined);
  });
});
