import assert from 'node:assert/strict';
import type { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import { Capture, startSender } from '../../lab/testbed/packets.ts';
import { sleep } from '../../lab/testbed/wait.ts';
import { needs } from '../support/needs.ts';
import { runToEnd } from '../support/programs.ts';
import {
  isUdpFlow,
  macsOf,
  MOVE_MS,
  needsRealNode,
  NodeFixture,
  READ_MS,
  udpFrames,
} from './fixture.ts';

const PORT = 9464;
const PACKETS_PER_SECOND = 500;
const NIC = 'norikae_traffic_packets_total{path="nic"}';
const VSWITCH = 'norikae_traffic_packets_total{path="vswitch"}';
const FETCH = 'fetch(process.argv[1]).then(async (r) => console.log(await r.text()))';

describe('on the real node, what is seen from outside', function () {
  this.timeout(60_000);
  let fixture: NodeFixture;
  let daemon: NorikaeDaemon;

  before(async function () {
    needsRealNode(this);
    fixture = await NodeFixture.start();
    daemon = await fixture.startDaemon({ http: { port: PORT } });
  });
  after(() => fixture?.node.stop());

  /** What the daemon's web server answers, asked for from the host itself. */
  function page(path: string): Promise<string> {
    const url = `http://127.0.0.1:${PORT}${path}`;
    return fixture.node.ovs.host.exec(process.execPath, ['-e', FETCH, url]);
  }

  it('is the packets that the receiver got by the NIC, in metrics clean for promtool', async function () {
    needs(this, 'promtool');
    const { node, sender, receiver } = fixture;
    await fixture.rules(`in_port=1,dl_src=${macsOf(1).src},actions=output:2`);
    const capture = await Capture.start(receiver.namespace);
    const sending = { packetsPerSecond: PACKETS_PER_SECOND, rounds: 0 };
    const before = await page('/metrics');
    const stream = await startSender(sender.namespace, udpFrames(1, 1), sending, node.ovs.runDir);
    await daemon.waitForFlow(
      'the flow is on the NIC',
      (flow) => isUdpFlow(1)(flow) && flow.placement === 'offload',
      MOVE_MS,
    );
    const offloadedMs = performance.now();
    const offloaded = await page('/metrics');
    await sleep(2_000);
    await stream.stop();
    const seconds = (performance.now() - offloadedMs) / 1_000;
    // The packets on their way, and then a reading of each source.
    await sleep(500);
    await daemon.readAgain(READ_MS);
    const received = capture.take().length;
    const after = await page('/metrics');

    const grown = (sample: string, from = before) => valueOf(after, sample) - valueOf(from, sample);
    // The first packet goes by the upcall that makes its datapath flow, and is no packet of the flow.
    const carried = grown(NIC);
    assert.equal(carried + grown(VSWITCH), received - 1);
    // How many packets there are until the flow is on the NIC depends on when the loop reads it.
    const heartbeats = grown(VSWITCH, offloaded);
    assert.ok(heartbeats <= seconds + 1, `${heartbeats} by the vSwitch in ${seconds} s`);
    assert.ok(grown(NIC, offloaded) > 100 * heartbeats, `${carried} of ${received} by the NIC`);
    const byPort = 'norikae_port_traffic_packets_total{port="vm1",direction="rx",path="nic"}';
    assert.equal(valueOf(after, byPort), carried);
    assert.ok(valueOf(after, 'norikae_table_entries_used{backend="auto"}') >= 1);
    const hook = 'hook="xdp",reason="userspace-datapath"';
    assert.equal(valueOf(after, `norikae_port_hook{backend="auto",port="vm1",${hook}}`), 1);
    assert.ok(valueOf(after, 'norikae_reaction_seconds_count') >= 1);
    const { code, output } = await runToEnd('promtool', ['check', 'metrics'], { input: after });
    assert.deepEqual([code, output], [0, '']);
  });

  it('is the page, and the API that it looks at', async () => {
    assert.match(await page('/'), /<title>[^<]*Norikae/);
    assert.match(await page('/api/v1/status'), /"name":"auto"/);
  });
});

/** The value of a sample, whatever the order of its labels. */
function valueOf(text: string, sample: string): number {
  const [name = '', labels = ''] = sample.split(/[{}]/);
  const wanted = labels === '' ? [] : labels.split(',');
  const line = text
    .split('\n')
    .find(
      (l) =>
        (l.startsWith(`${name} `) || l.startsWith(`${name}{`)) &&
        wanted.every((w) => l.includes(w)),
    );
  assert.ok(line !== undefined, `there is no ${sample}`);
  return Number(line.slice(line.lastIndexOf(' ') + 1));
}
