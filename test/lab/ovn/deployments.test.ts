import assert from 'node:assert/strict';
import { OvnCloud } from '../../../lab/ovn/cloud.ts';
import { deploy, DEPLOYMENTS, withdraw } from '../../../lab/ovn/deployments.ts';
import { startAnswerer, startTalker } from '../../../lab/testbed/talk.ts';
import { waitFor } from '../../../lab/testbed/wait.ts';
import { needs } from '../../support/needs.ts';

const PORT = 5_201;
const PATIENCE = { timeoutMs: 20_000, everyMs: 100 };

describe('lab ovn, a stateful ACL', function () {
  this.timeout(120_000);
  let cloud: OvnCloud | undefined;

  before(async function () {
    needs(this, 'root', 'netns', 'ovs', 'ovn', 'xdp', 'debian-python3');
    cloud = await OvnCloud.start();
  });
  after(() => cloud?.stop());

  it('tracks a connection in the zones of both ports, and drops it after a change', async () => {
    assert(cloud !== undefined);
    const { chassis } = cloud;
    const deployment = DEPLOYMENTS.find(({ name }) => name === 'stateful ACL');
    assert(deployment !== undefined);
    const scene = await deploy(cloud, deployment);
    const { client, server } = scene;
    const answerer = await startAnswerer(server.namespace, 'tcp', server.address, PORT);
    const talker = await startTalker(client.namespace, 'tcp', client.address, server.address, PORT);
    const isTracked = async (): Promise<true | undefined> => {
      const lines = (await chassis.ovs.appctl('dpctl/dump-conntrack', '-m')).split('\n');
      const own = lines.filter((line) => line.includes(`sport=${talker.port},`));
      const zones = own.map((line) => /,zone=(\d+)/.exec(line)?.[1]);
      return new Set(zones).size === 2 || undefined;
    };
    await waitFor('two zones track it', isTracked, PATIENCE);
    /** Whether a megaflow sends the client's IP packets to the server. */
    const delivers = async (wanted: boolean): Promise<true | undefined> => {
      const flows = await chassis.ovs.dumpFlows();
      const found = flows.some(
        (flow) =>
          flow.includes('in_port(v-client)') &&
          flow.includes('eth_type(0x0800)') &&
          /, actions:.*\bv-neighbour\b/.test(flow),
      );
      return found === wanted || undefined;
    };
    await waitFor('a megaflow delivers', () => delivers(true), PATIENCE);
    await scene.deny();
    await scene.settled();
    await waitFor('no megaflow delivers', () => delivers(false), PATIENCE);
    await scene.allow();
    await talker.stop();
    await answerer.stop();
    await withdraw(cloud, deployment);
  });
});
