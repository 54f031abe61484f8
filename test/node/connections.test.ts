import assert from 'node:assert/strict';
import type { FlowView } from '../../api/flow-views.ts';
import type { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import { readDeviceCounters } from '../../lab/testbed/device-counters.ts';
import { Iperf3Client, startIperf3Server } from '../../lab/testbed/iperf3.ts';
import { BRIDGE } from '../../lab/testbed/node.ts';
import { run } from '../../lab/testbed/run.ts';
import { waitFor } from '../../lab/testbed/wait.ts';
import { MOVE_MS, needsRealNode, NodeFixture, STATEFUL_ACL } from './fixture.ts';

/** A load balancer: a virtual address, behind which is the second VM. */
const VIRTUAL = '10.9.0.100';
const BALANCED = [
  'table=0,arp,actions=normal',
  'table=0,ip,actions=ct(zone=7,nat,table=1)',
  `table=1,ip,in_port=1,ct_state=+new+trk,nw_dst=${VIRTUAL},actions=ct(commit,zone=7,nat(dst=10.9.0.2:5201)),output:2`,
  'table=1,ip,in_port=1,ct_state=+est+trk,actions=dec_ttl,output:2',
  'table=1,ip,in_port=2,ct_state=+est+trk,actions=dec_ttl,output:1',
];

const SEQUENCE_CHECKS = { on: 'dpctl/ct-enable-tcp-seq-chk', off: 'dpctl/ct-disable-tcp-seq-chk' };

describe('on the real node, connections that conntrack tracks', function () {
  this.timeout(60_000);
  let fixture: NodeFixture;
  let daemon: NorikaeDaemon;
  /** Those that the fixture does not end. */
  const clients: Iperf3Client[] = [];

  before(async function () {
    needsRealNode(this);
    fixture = await NodeFixture.start();
    await startIperf3Server(fixture.receiver.namespace);
  });
  beforeEach(async () => {
    await fixture.rules(...STATEFUL_ACL);
    await fixture.node.ovs.appctl(SEQUENCE_CHECKS.off);
    daemon = await fixture.startDaemon({ connections: {} });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.process.stop();
    await fixture?.tidy();
  });
  after(() => fixture?.node.stop());

  /** The TCP connections with packets, busiest first. */
  async function connections(): Promise<readonly FlowView[]> {
    const query = { sort: 'rate', limit: 100, words: ['tcp'], connections: true } as const;
    const { flows } = await daemon.control.flows(query);
    return flows.filter(({ bitsPerSecond }) => bitsPerSecond > 0);
  }

  /** Resolves to both directions of the connection when an entry carries each. */
  function carried(): Promise<readonly FlowView[]> {
    const look = async () => {
      const found = (await connections()).filter(({ placement }) => placement === 'offload');
      // iperf3 has a connection for control, too.
      const both = ['vm1', 'vm2'].flatMap(
        (port) => found.find(({ inPort }) => inPort === port) ?? [],
      );
      return both.length === 2 ? both : undefined;
    };
    return waitFor('both directions are carried', look, { timeoutMs: MOVE_MS });
  }

  /** Resolves when no entry is left. */
  async function isEmpty(): Promise<void> {
    const used = async () => (await daemon.control.status()).backend?.used;
    await waitFor('no entry is left', async () => ((await used()) === 0 ? true : undefined), {
      timeoutMs: MOVE_MS,
    });
  }

  /** Resolves when the connection has sent during so many more intervals, without one of silence. */
  async function goesOn(client: Iperf3Client, intervals: number): Promise<void> {
    const from = client.intervals.length + 1;
    const look = () => (client.intervals.length >= from + intervals ? true : undefined);
    await waitFor('the connection goes on', look, { timeoutMs: MOVE_MS });
    const sent = client.intervals.slice(from).map(({ bytes }) => bytes);
    assert.ok(
      sent.every((bytes) => bytes > 0),
      `bytes by interval: ${sent.join(', ')}`,
    );
  }

  it('are offloaded one by one, and each packet is counted once', async () => {
    // What enters by its port: the vSwitch may drop some of it for want of time.
    const sent = () => readDeviceCounters(daemon.process.pid, 'vm1').rxPackets;
    const before = sent();
    // Fewer packets than those from which the meter samples.
    const client = await Iperf3Client.start(fixture.sender.namespace, {
      server: fixture.receiver.address,
      seconds: 3,
      tcpBitsPerSecond: 20e6,
    });
    clients.push(client);
    const [sending] = await carried();
    assert.equal(sending.kind, 'connection');
    assert.match(sending.match, /tcp_dst=5201,tcp_flags=0x0\/0x7$/);
    assert.equal(sending.actions, 'output vm2');
    await client.process.exited;
    await daemon.readAgain(MOVE_MS);
    const why = await daemon.control.why(sending.id);
    assert.ok(why.found, 'its row stays for a while');
    const { bytes, packets, vswitchBytes, carriedBytes } = why.why.flow;
    const entered = sent() - before;
    // iperf3 has a second connection, for control; a burst at the start may be sampled.
    const share = packets / entered;
    assert.ok(share > 0.97 && share < 1.03, `${packets} of ${entered}`);
    assert.equal(vswitchBytes + carriedBytes, bytes);
  });

  it('return to the vSwitch and leave it again without a break', async () => {
    const client = await fixture.startTcp(10);
    await carried();
    await daemon.control.onloadAll();
    await goesOn(client, 3);
    assert.ok((await connections()).every(({ entry }) => entry === null));
    await daemon.control.resume();
    await carried();
    await goesOn(client, 3);
  });

  it('are translated by their entries as conntrack translates them', async () => {
    await fixture.rules(...BALANCED);
    const { sender, receiver } = fixture;
    const virtual = ['neigh', 'replace', VIRTUAL, 'lladdr', receiver.mac, 'dev', 'eth0'];
    await run('ip', ['-n', sender.namespace.name, ...virtual]);
    const options = { server: VIRTUAL, port: 80, seconds: 3, intervalSeconds: 0.25 };
    const client = await Iperf3Client.start(sender.namespace, options);
    clients.push(client);
    const flows = await carried();
    const does = new Map(flows.map(({ inPort, actions }) => [inPort, actions]));
    assert.deepEqual(
      [does.get('vm1'), does.get('vm2')],
      [
        'set ipv4_dst=10.9.0.2, set ip_ttl=63, set tcp_dst=5201, output vm2',
        'set ipv4_src=10.9.0.100, set ip_ttl=63, set tcp_src=80, output vm1',
      ],
    );
    await goesOn(client, 2);
    assert.equal((await client.process.exited).code, 0);
  });

  it('lose their entries when they end', async () => {
    const client = await fixture.startTcp(2);
    await carried();
    const { code } = await client.process.exited;
    assert.equal(code, 0, 'the connection was closed by both ends');
    await isEmpty();
  });

  it('stop when a rule forbids them', async () => {
    const client = await fixture.startTcp(10);
    await carried();
    await fixture.node.ovs.ofctl('add-flow', BRIDGE, 'table=1,priority=40000,tcp,actions=drop');
    const isSilent = () => (client.intervals.at(-1)?.bytes === 0 ? true : undefined);
    await waitFor('nothing arrives', isSilent, { timeoutMs: MOVE_MS });
    const forwarding = (await daemon.flows()).filter(
      ({ entry, actions, match }) => entry !== null && actions !== 'drop' && match.includes('5201'),
    );
    assert.deepEqual(forwarding, []);
  });

  it('stay on the vSwitch while conntrack checks sequence numbers, and the reason is shown', async () => {
    await fixture.node.ovs.appctl(SEQUENCE_CHECKS.on);
    const client = await fixture.startTcp(3);
    await goesOn(client, 3);
    const [sending] = await connections();
    const why = await daemon.control.why(sending.id);
    assert.ok(why.found);
    assert.equal(why.why.connection?.refusal?.code, 'sequence-checks');
    assert.equal(sending.carriedBytes, 0);
    assert.equal(why.why.connection.chain.length, 2);
    assert.equal(why.why.connection.tracked.at(0)?.zone, 7);
  });
});
