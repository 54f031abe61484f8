import assert from 'node:assert/strict';
import { NoDatapath } from '../../../../adapters/ovs/errors.ts';
import {
  ConntrackUnreadable,
  TooManyConnections,
} from '../../../../adapters/ovs/conntrack/errors.ts';
import { OvsConnectionTracker } from '../../../../adapters/ovs/conntrack/tracker.ts';
import { UnixctlCommandError } from '../../../../protocols/unixctl/errors.ts';
import type { ConnectionTuple } from '../../../../engine/model/connection.ts';
import { never } from '../../../contract/collect.ts';
import { FakeServer } from '../../../protocols/json-rpc/fake-server.ts';

const LINE =
  'tcp,orig=(src=10.1.0.1,dst=10.1.0.2,sport=1000,dport=80),reply=(src=10.1.0.2,dst=10.1.0.1,sport=80,dport=1000),id=0,zone=6,status=0,timeout=86395,protoinfo=(state_orig=ESTABLISHED,state_reply=ESTABLISHED,wscale_orig=10,wscale_reply=10,flags_orig=WINDOW_SCALE,flags_reply=WINDOW_SCALE)\n';
const TUPLE: ConnectionTuple = {
  ipVersion: 4,
  protocol: 6,
  src: Uint8Array.of(10, 1, 0, 1),
  dst: Uint8Array.of(10, 1, 0, 2),
  srcPort: 1_000,
  dstPort: 80,
};

/** A vswitchd that answers as its fields say; one that is undefined is an error. */
class FakeVswitchd {
  datapaths = 'netdev@ovs-netdev\n';
  count = '1';
  dump: string | undefined = LINE;
  checks = 'TCP sequence checking: enabled\n';
  readonly calls: string[] = [];
  readonly #server: FakeServer;
  readonly tracker: OvsConnectionTracker;

  private constructor(server: FakeServer) {
    this.#server = server;
    this.tracker = new OvsConnectionTracker({
      runDir: server.directory,
      timeoutMs: 2_000,
      maxConnections: 1_000,
      timeouts: { areDefault: () => true, close: () => Promise.resolve() },
    });
  }

  static async start(): Promise<FakeVswitchd> {
    const server = await FakeServer.startUnixctl(() => undefined);
    const fake = new FakeVswitchd(server);
    server.behaviour = ({ id, method, params }, socket) => {
      fake.calls.push([method, ...(Array.isArray(params) ? params : [])].join(' '));
      const result = fake.#answer(String(method));
      const error = result === undefined ? 'ovs-vswitchd: no\n' : null;
      socket.write(JSON.stringify({ id, result: result ?? null, error }));
    };
    return fake;
  }

  async stop(): Promise<void> {
    await this.tracker.close();
    await this.#server.remove();
  }

  #answer(method: string): string | undefined {
    if (method === 'dpctl/dump-dps') return this.datapaths;
    if (method === 'dpctl/ct-get-nconns') return this.count;
    if (method === 'dpctl/ct-get-tcp-seq-chk') return this.checks;
    return this.dump;
  }
}

describe('the tracker of connections in vswitchd', () => {
  let fake: FakeVswitchd;
  beforeEach(async () => {
    fake = await FakeVswitchd.start();
  });
  afterEach(async () => {
    await fake.stop();
  });

  it('asks for the only datapath, in full', async () => {
    const cost = await fake.tracker.refresh(never());
    assert.deepEqual(fake.calls, [
      'dpctl/dump-dps',
      'dpctl/ct-get-nconns netdev@ovs-netdev',
      'dpctl/dump-conntrack -m -s netdev@ovs-netdev',
    ]);
    assert.equal(cost.connections, 1);
    assert.equal(cost.skipped, 0);
    assert.ok(cost.sourceMs >= 0);
    assert.equal(fake.tracker.find(6, TUPLE)?.connection.isEstablished, true);
  });

  it('forgets connections that are gone', async () => {
    await fake.tracker.refresh(never());
    fake.dump = '';
    assert.equal((await fake.tracker.refresh(never())).connections, 0);
    assert.equal(fake.tracker.find(6, TUPLE), undefined);
  });

  it('keeps the last connections when the next cannot be read', async () => {
    await fake.tracker.refresh(never());
    fake.dump = 'tcp,from=(10.1.0.1)\n';
    await assert.rejects(fake.tracker.refresh(never()), ConntrackUnreadable);
    fake.dump = undefined;
    await assert.rejects(fake.tracker.refresh(never()), UnixctlCommandError);
    assert.ok(fake.tracker.find(6, TUPLE));
  });

  it('reports skipped lines', async () => {
    fake.dump = `tcp,from=(10.1.0.1)\n${LINE}`;
    const { connections, skipped, firstSkipped } = await fake.tracker.refresh(never());
    assert.deepEqual([connections, skipped, firstSkipped], [1, 1, 'tcp,from=(10.1.0.1)']);
  });

  it('does not let vswitchd print more connections than allowed', async () => {
    fake.count = '1001';
    await assert.rejects(fake.tracker.refresh(never()), TooManyConnections);
    assert.ok(!fake.calls.some((call) => call.startsWith('dpctl/dump-conntrack')));
  });

  it('does not take a connection that ends within a second for established', async () => {
    fake.dump = LINE.replace('timeout=86395', 'timeout=0');
    await fake.tracker.refresh(never());
    assert.equal(fake.tracker.find(6, TUPLE), undefined);
  });

  it('says that sequence checks are unknown when vswitchd says something else', async () => {
    assert.equal(await fake.tracker.sequenceChecks(never()), 'on');
    fake.checks = 'TCP sequence checking: disabled\n';
    assert.equal(await fake.tracker.sequenceChecks(never()), 'off');
    fake.checks = 'Sequence checks? Yes.\n';
    assert.equal(await fake.tracker.sequenceChecks(never()), 'unknown');
  });

  it('needs a datapath', async () => {
    fake.datapaths = '';
    await assert.rejects(fake.tracker.refresh(never()), NoDatapath);
  });
});
