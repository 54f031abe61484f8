import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { OvsFlowVerifier } from '../../../adapters/ovs/flow-verifier.ts';
import type { CurrentActions } from '../../../engine/ports/flow-verifier.ts';
import { UnixctlTimeout } from '../../../protocols/unixctl/errors.ts';
import { never } from '../../contract/collect.ts';
import { FakeServer } from '../../protocols/json-rpc/fake-server.ts';
import { REWRITE } from './recorded-traces.ts';

const ID = { w0: 0x966e5f5a, w1: 0xc9904974, w2: 0xac91c2e6, w3: 0x09b918ab };
const UFID = 'ufid:966e5f5a-c990-4974-ac91-c2e609b918ab';

/** Replies of vswitchd: a string, or an error. */
type Reply = string | { readonly error: string };

/** Asks a vswitchd that answers with `flow`, then with `trace`. */
async function ask(
  flow: Reply,
  trace: Reply | undefined = REWRITE.trace,
  datapath?: string,
): Promise<{ readonly current: CurrentActions; readonly requests: readonly unknown[] }> {
  const server = await FakeServer.startUnixctl((request, socket) => {
    const text = request['method'] === 'dpctl/get-flow' ? flow : trace;
    if (text !== undefined) reply(socket, request['id'], text);
  });
  const rest = datapath === undefined ? {} : { datapath };
  const verifier = new OvsFlowVerifier({ runDir: server.directory, timeoutMs: 300, ...rest });
  try {
    const { current } = await verifier.currentActions(ID, never());
    return { current, requests: server.requests.map((r) => [r['method'], r['params']]) };
  } finally {
    await verifier.close();
    await server.remove();
  }
}

function reply(socket: Socket, id: unknown, text: Reply): void {
  const [result, error] = typeof text === 'string' ? [text, null] : [null, text.error];
  socket.write(JSON.stringify({ id, result, error }));
}

describe('the verifier of Open vSwitch', () => {
  it('traces the key of the flow in the datapath', async () => {
    const { current, requests } = await ask(REWRITE.flow);
    assert.equal(current.kind, 'known');
    const key = REWRITE.flow.slice(REWRITE.flow.indexOf(' ') + 1).split(', packets:')[0];
    assert.deepEqual(requests, [
      ['dpctl/get-flow', ['-m', UFID]],
      ['ofproto/trace', [key, '--names']],
    ]);
  });

  it('names the datapath where it is configured, by its type in a trace', async () => {
    const short = 'recirc_id(0),in_port(2),eth_type(0x0800),ipv4(frag=no)';
    const flow = `${short}, packets:358, bytes:42244, used:0.002s, actions:3`;
    const { requests } = await ask(flow, REWRITE.trace, 'netdev@ovs-netdev');
    assert.deepEqual(requests, [
      ['dpctl/get-flow', ['netdev@ovs-netdev', UFID]],
      ['ofproto/trace', ['netdev', short, '--names']],
    ]);
  });

  it('knows a flow that is gone from other errors', async () => {
    const gone = { error: 'ovs-vswitchd: getting flow (No such file or directory)\n' };
    assert.deepEqual((await ask(gone)).current, { kind: 'gone' });
    const several = { error: 'ovs-vswitchd: more than one datapath\n' };
    assert.equal((await ask(several)).current.kind, 'unknown');
  });

  it('cannot tell without the state of an earlier pass, or a key', async () => {
    const lost = { error: 'no recirculation data for recirc_id 0x99' };
    const { current } = await ask(REWRITE.flow, lost);
    assert.ok(current.kind === 'unknown' && /recirculation data/.test(current.why));
    assert.equal((await ask('')).current.kind, 'unknown');
  });

  it('rejects when vswitchd does not answer within the time-out', async () => {
    const asked = ask({ error: 'x' }, undefined);
    assert.equal((await asked).current.kind, 'unknown', 'an error is an answer');
    const server = await FakeServer.startUnixctl(() => undefined);
    const verifier = new OvsFlowVerifier({ runDir: server.directory, timeoutMs: 100 });
    await assert.rejects(verifier.currentActions(ID, never()), UnixctlTimeout);
    await verifier.close();
    await server.remove();
  });
});
