import assert from 'node:assert/strict';
import { release } from 'node:os';
import type { FlowView } from '../../api/flow-views.ts';
import type { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import { startAnswerer, startTalker } from '../../lab/testbed/talk.ts';
import { waitFor } from '../../lab/testbed/wait.ts';
import { NodeFixture, STATEFUL_ACL } from '../node/fixture.ts';
import { needs } from '../support/needs.ts';
import { isAtLeast } from './support/kernel-release.ts';

/** An emulated processor takes half a minute to load the daemon, more beside another one. */
const READY = { timeoutMs: 150_000, everyMs: 1_000 };
const CARRIED_MS = 60_000;
const PORT = 7_000;

// The meter is attached by tcx.
if (isAtLeast(6, 6)) {
  describe(`connections on the datapath of kernel ${release()}`, function () {
    this.timeout(300_000);
    let fixture: NodeFixture;
    let daemon: NorikaeDaemon;

    before(async function () {
      needs(this, 'kernel-lab', 'root', 'netns', 'ovs', 'debian-python3');
      fixture = await NodeFixture.start('system');
      await fixture.rules(...STATEFUL_ACL);
      daemon = await fixture.startDaemon({
        ready: READY,
        ovs: { readFlowsFrom: 'kernel' },
        poll: { periodMs: 500 },
        backend: { adapter: 'auto', leaseMs: 5_000 },
        connections: {},
      });
    });
    after(async () => {
      await fixture?.tidy();
      await fixture?.node.stop();
    });

    async function carried(): Promise<readonly FlowView[] | undefined> {
      const words = [String(PORT)];
      const query = { sort: 'rate', limit: 100, words, connections: true } as const;
      const { flows } = await daemon.control.flows(query);
      const found = flows.filter(({ carriedBytes }) => carriedBytes > 0);
      return found.length >= 2 ? found : undefined;
    }

    it('are carried by tcx in both directions, as the kernel tracks them', async () => {
      const { sender, receiver } = fixture;
      const server = await startAnswerer(receiver.namespace, 'udp', receiver.address, PORT);
      const ends = [sender.address, receiver.address, PORT] as const;
      const talker = await startTalker(sender.namespace, 'udp', ...ends);
      server.answer();
      const waiting = { timeoutMs: CARRIED_MS, everyMs: 500 };
      const both = await waitFor('both directions are carried', carried, waiting);
      const actions = both.map((flow) => flow.actions);
      assert.deepEqual(actions.toSorted(), ['output vm1', 'output vm2']);
      await talker.stop();
      await server.stop();
    });
  });
}
