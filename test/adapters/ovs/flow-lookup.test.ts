import assert from 'node:assert/strict';
import { FlowUnreadable } from '../../../adapters/ovs/errors.ts';
import { OvsFlowLookup } from '../../../adapters/ovs/flow-lookup.ts';
import type { FoundFlow } from '../../../engine/ports/flow-lookup.ts';
import { UnixctlCommandError } from '../../../protocols/unixctl/errors.ts';
import { never } from '../../contract/collect.ts';
import { FakeServer } from '../../protocols/json-rpc/fake-server.ts';

const ID = { w0: 0x966e5f5a, w1: 0xc9904974, w2: 0xac91c2e6, w3: 0x09b918ab };
const UFID = 'ufid:966e5f5a-c990-4974-ac91-c2e609b918ab';
const KEY =
  'recirc_id(0),in_port(vm1),packet_type(ns=0/0,id=0/0),eth(src=02:00:00:00:00:01/00:00:00:00:00:00,dst=02:00:00:00:00:02),eth_type(0x0800),ipv4(src=0.0.0.0/0.0.0.0,dst=10.0.0.2,proto=0/0,tos=0/0,ttl=0/0,frag=no)';

/** Asks a vswitchd that answers with a text, or an error. */
async function ask(text: string | { readonly error: string }): Promise<FoundFlow | undefined> {
  const server = await FakeServer.startUnixctl((request, socket) => {
    const [result, error] = typeof text === 'string' ? [text, null] : [null, text.error];
    socket.write(JSON.stringify({ id: request['id'], result, error }));
  });
  const lookup = new OvsFlowLookup({ runDir: server.directory, timeoutMs: 300 });
  try {
    const [flow] = await lookup.read([ID], never());
    assert.deepEqual(
      server.requests.map((r) => [r['method'], r['params']]),
      [['dpctl/get-flow', ['-m', UFID]]],
    );
    return flow;
  } finally {
    await lookup.close();
    await server.remove();
  }
}

describe('single flows of Open vSwitch', () => {
  for (const end of ['', ', dp-extra-info:miniflow_bits(5,1)']) {
    it(`are read with match and actions${end === '' ? '' : ', without what follows them'}`, async () => {
      const counters = 'packets:3, bytes:300, used:0.1s, flags:S, dp:ovs';
      const flow = await ask(`${UFID}, ${KEY}, ${counters}, actions:pop_vlan,vm2${end}\n`);
      assert.deepEqual(flow?.actions, [{ kind: 'pop-vlan' }, { kind: 'output', port: 'vm2' }]);
      assert.equal(flow?.match.inPort, 'vm1');
      const fields = flow?.match.fields.map(({ field }) => field);
      assert.deepEqual(fields, ['eth_dst', 'eth_type', 'ipv4_dst', 'ip_frag']);
    });
  }

  it('are gone when the datapath does not have them', async () => {
    const gone = { error: 'ovs-vswitchd: getting flow (No such file or directory)\n' };
    assert.equal(await ask(gone), undefined);
  });

  it('cannot be read where there are several datapaths', async () => {
    const several = { error: 'ovs-vswitchd: multiple datapaths, specify one\n' };
    await assert.rejects(ask(several), UnixctlCommandError);
  });

  for (const [what, text] of [
    ['of another flow', `${UFID.replace('966e', '0000')}, ${KEY}, packets:0, actions:vm2\n`],
    ['without actions', `${UFID}, ${KEY}, packets:0, bytes:0, used:never\n`],
    ['with a malformed key', `${UFID}, recirc_id(0),in_port(vm1, packets:0, actions:vm2\n`],
    ['with malformed actions', `${UFID}, ${KEY}, packets:0, actions:set(eth(\n`],
    ['that is empty', ''],
  ] as const) {
    it(`are never taken from an answer ${what}`, async () => {
      await assert.rejects(ask(text), FlowUnreadable);
    });
  }
});
