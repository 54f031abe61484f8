import assert from 'node:assert/strict';
import type { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import { Iperf3Client, startIperf3Server } from '../../lab/testbed/iperf3.ts';
import { waitFor } from '../../lab/testbed/wait.ts';
import { MOVE_MS, needsRealNode, NodeFixture, STATEFUL_ACL } from './fixture.ts';

const CONNECTIONS = 5;
const CYCLES = 100;
const FIRST_PORT = 6_001;
/** Rate of each connection. */
const TCP_BITS_PER_SECOND = 10e6;

/** Retransmissions may wait for so long on a busy machine. */
const MAX_SILENT_SECONDS = 4;

/** Longest time without a byte, in intervals of a second. */
function longestSilence({ intervals }: Iperf3Client): number {
  let longest = 0;
  let now = 0;
  for (const { bytes } of intervals) {
    now = bytes === 0 ? now + 1 : 0;
    longest = Math.max(longest, now);
  }
  return longest;
}

describe('on the real node, connections that are moved a thousand times', function () {
  this.timeout(600_000);
  let fixture: NodeFixture;
  let daemon: NorikaeDaemon;
  let clients: readonly Iperf3Client[] = [];

  before(async function () {
    needsRealNode(this);
    fixture = await NodeFixture.start();
    await fixture.rules(...STATEFUL_ACL);
    await fixture.node.ovs.appctl('dpctl/ct-disable-tcp-seq-chk');
    const ports = Array.from({ length: CONNECTIONS }, (_, n) => FIRST_PORT + n);
    for (const port of ports) await startIperf3Server(fixture.receiver.namespace, port);
    daemon = await fixture.startDaemon({ connections: {} });
    const options = {
      server: fixture.receiver.address,
      seconds: 600,
      intervalSeconds: 1,
      tcpBitsPerSecond: TCP_BITS_PER_SECOND,
    };
    clients = await Promise.all(
      ports.map((port) => Iperf3Client.start(fixture.sender.namespace, { ...options, port })),
    );
  });
  after(async () => {
    for (const { process } of clients) await process.stop();
    await fixture?.tidy();
    await fixture?.node.stop();
  });

  /** Directions of the connections that have an entry. */
  async function placed(): Promise<number> {
    const query = { sort: 'rate', limit: 100, words: ['tcp'], connections: true } as const;
    const { flows } = await daemon.control.flows(query);
    const isTest = (match: string): boolean => /tcp_(?:src|dst)=600\d/.test(match);
    return flows.filter(({ entry, match }) => entry === 'offload' && isTest(match)).length;
  }

  it('are not broken, and do not stand still for long', async () => {
    let moves = 0;
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      await waitFor(
        'both directions of all connections have entries',
        async () => ((await placed()) >= 2 * CONNECTIONS ? true : undefined),
        { timeoutMs: MOVE_MS },
      );
      const { withdrawn } = await daemon.control.onloadAll();
      moves += 2 * withdrawn;
      await daemon.control.resume();
    }
    assert.ok(moves >= 1_000, `${moves} moves`);
    for (const client of clients) {
      assert.equal(client.process.exit, undefined, client.process.tail());
      assert.ok(longestSilence(client) < MAX_SILENT_SECONDS, JSON.stringify(client.intervals));
    }
  });
});
