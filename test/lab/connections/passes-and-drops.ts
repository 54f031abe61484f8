import type { Scene } from '../../../lab/connections/scene.ts';
import { startAnswerer, startTalker } from '../../../lab/testbed/talk.ts';
import { waitFor } from '../../../lab/testbed/wait.ts';

const PORT = 5_201;
const PATIENCE = { timeoutMs: 20_000, everyMs: 100 };

/**
 * Opens a TCP connection from client to server; resolves when the client's vSwitch tracks it in so
 * many zones and delivers it, and, after {@link Scene.deny}, no longer does.
 */
export async function passesAndDrops(scene: Scene, zones: number): Promise<void> {
  const { client, server, switches } = scene;
  const [{ ovs }] = switches;
  const answerer = await startAnswerer(server.namespace, 'tcp', server.address, PORT);
  const { namespace, address } = client;
  const talker = await startTalker(namespace, 'tcp', address, scene.target, PORT);
  const isTracked = async (): Promise<true | undefined> => {
    const lines = (await ovs.appctl('dpctl/dump-conntrack', '-m')).split('\n');
    const own = lines.filter((line) => line.includes(`sport=${talker.port},`));
    const found = new Set(own.map((line) => /,zone=(\d+)/.exec(line)?.[1]));
    return found.size === zones || undefined;
  };
  await waitFor(`${zones} zones track it`, isTracked, PATIENCE);
  /** Whether a megaflow sends the client's IP packets to the server. */
  const delivers = async (wanted: boolean): Promise<true | undefined> => {
    const flows = await ovs.dumpFlows();
    const found = flows.some(
      (flow) =>
        flow.includes(`in_port(${client.port})`) &&
        flow.includes('eth_type(0x0800)') &&
        new RegExp(`, actions:.*\\b${server.port}\\b`).test(flow),
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
}
