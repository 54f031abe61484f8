import assert from 'node:assert/strict';
import type { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import type { ManagedProcess } from '../../lab/testbed/managed-process.ts';
import { Capture, startSender } from '../../lab/testbed/packets.ts';
import { sleep, waitFor } from '../../lab/testbed/wait.ts';
import { needs } from '../support/needs.ts';
import { isUdpFlow, macsOf, MOVE_MS, needsRealNode, NodeFixture, udpFrames } from './fixture.ts';

const FLOW = 1;
const PACKETS_PER_SECOND = 500;
/** Time after which a filter must hold for offloaded packets as it does for all others, ms. */
const AT_ONCE_MS = 500;
const WATCH_MS = 1_500;

describe('on the real node, a filter on a port of an offloaded flow', function () {
  this.timeout(60_000);
  let fixture: NodeFixture;
  let daemon: NorikaeDaemon;
  let stream: ManagedProcess;
  let capture: Capture;

  before(async function () {
    needsRealNode(this);
    needs(this, 'nft');
    fixture = await NodeFixture.start();
    const { node, sender, receiver } = fixture;
    await fixture.rules(`in_port=1,dl_src=${macsOf(FLOW).src},actions=output:2`);
    capture = await Capture.start(receiver.namespace);
    const sending = { packetsPerSecond: PACKETS_PER_SECOND, rounds: 0 };
    stream = await startSender(sender.namespace, udpFrames(FLOW, 10), sending, node.ovs.runDir);
    daemon = await fixture.startDaemon();
  });
  after(async () => {
    await stream?.stop();
    await capture?.stop();
    await fixture?.tidy();
    await fixture?.node.stop();
  });

  const host = (...command: readonly [string, ...string[]]) => {
    const [file, ...args] = command;
    return fixture.node.ovs.host.exec(file, args);
  };

  async function delivered(ms: number): Promise<number> {
    const before = capture.frames.length;
    await sleep(ms);
    return capture.frames.length - before;
  }

  const offloaded = () =>
    daemon.waitForFlow(
      'offloaded',
      (flow) => isUdpFlow(FLOW)(flow) && flow.placement === 'offload',
      MOVE_MS,
    );

  it('of nftables stops its packets at once, is reported, and allows offload after its removal', async () => {
    const { name } = fixture.receiver;
    await offloaded();
    assert((await delivered(500)) > 0);
    const hook = `{ type filter hook egress device ${name} priority 0; policy drop; }`;
    await host('nft', `add table netdev guard; add chain netdev guard out ${hook}`);
    try {
      await sleep(AT_ONCE_MS);
      assert.equal(await delivered(WATCH_MS), 0);
      const flow = await daemon.waitForFlow('explained', (f) => isUdpFlow(FLOW)(f), MOVE_MS);
      assert.equal(flow.placement, 'onload');
      const why = await daemon.control.why(flow.id);
      assert.match(JSON.stringify(why), /nftables chain out of table guard/);
    } finally {
      await host('nft', 'delete table netdev guard');
    }
    await offloaded();
    await waitFor('packets', async () => ((await delivered(100)) > 0 ? true : undefined), {
      timeoutMs: 2_000,
    });
  });

  it('of tc removes its entry at once, and allows offload after its removal', async () => {
    const { name } = fixture.receiver;
    await offloaded();
    await host('tc', 'qdisc', 'add', 'dev', name, 'clsact');
    try {
      const match = ['u32', 'match', 'u32', '0', '0', 'flowid', '1:1'];
      await host('tc', 'filter', 'add', 'dev', name, 'egress', ...match);
      await daemon.waitForFlow(
        'onload',
        (flow) => isUdpFlow(FLOW)(flow) && flow.placement === 'onload',
        AT_ONCE_MS,
      );
    } finally {
      await host('tc', 'qdisc', 'delete', 'dev', name, 'clsact');
    }
    await offloaded();
  });
});
