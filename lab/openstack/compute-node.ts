import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scene, SceneVm } from '../connections/scene.ts';
import { mountBpffs } from '../testbed/bpffs.ts';
import { Cleanup } from '../testbed/cleanup.ts';
import { Namespace } from '../testbed/namespace.ts';
import { NameMaker } from '../testbed/names.ts';
import { OvsInstance } from '../testbed/ovs.ts';
import { sweepLeftovers } from '../testbed/sweep.ts';
import { createVethPort } from '../testbed/veth.ts';
import { DENIAL, firewallRules, PORTS, providerRules, VLAN } from './pipeline.ts';

const INTEGRATION = 'br-int';
const PROVIDER = 'br-ex';
const CLIENT = { mac: '02:0c:00:00:00:01', address: '10.6.0.1', port: 'v-client' } as const;
const SERVER = { mac: '02:0c:00:00:00:02', address: '10.6.0.2', port: 'v-server' } as const;
/** As in the deployments of OVN. */
const MTU = 1_400;

/**
 * A compute node of OpenStack: a VM behind the firewall driver's pipeline on the integration bridge,
 * patch ports to the provider bridge, and a server at an access port of the provider's VLAN, because
 * not every kernel has VLAN devices.
 */
export class ComputeNode {
  readonly #cleanup: Cleanup;
  readonly #ovs: OvsInstance;
  readonly #pinPath: string;
  readonly #client: SceneVm;
  readonly #server: SceneVm;

  private constructor(
    cleanup: Cleanup,
    ovs: OvsInstance,
    pinPath: string,
    client: SceneVm,
    server: SceneVm,
  ) {
    this.#cleanup = cleanup;
    this.#ovs = ovs;
    this.#pinPath = pinPath;
    this.#client = client;
    this.#server = server;
  }

  /** Removes leftovers of killed runs, then starts the node. */
  static async start(): Promise<ComputeNode> {
    await sweepLeftovers();
    const cleanup = new Cleanup();
    try {
      const names = new NameMaker();
      const ovs = await OvsInstance.start(cleanup, names);
      const bpffs = join(ovs.runDir, 'bpf');
      await mountBpffs(cleanup, bpffs);
      const client = await addHost(cleanup, names, ovs, CLIENT);
      const server = await addHost(cleanup, names, ovs, SERVER);
      await makeBridges(ovs);
      return new ComputeNode(cleanup, ovs, join(bpffs, 'norikae'), client, server);
    } catch (error) {
      await cleanup.run();
      throw error;
    }
  }

  /** The scene between VM and server. */
  scene(): Scene {
    const ovs = this.#ovs;
    const settled = async (): Promise<void> => {
      await ovs.appctl('revalidator/wait');
    };
    return {
      name: "OpenStack's firewall driver",
      switches: [{ ovs, pinPath: this.#pinPath, inputs: [CLIENT.port, SERVER.port] }],
      bridge: INTEGRATION,
      client: this.#client,
      server: this.#server,
      target: SERVER.address,
      deny: async () => {
        await ovs.ofctl('add-flow', INTEGRATION, `${DENIAL.match},${DENIAL.actions}`);
      },
      settled,
      allow: async () => {
        await ovs.ofctl('--strict', 'del-flows', INTEGRATION, DENIAL.match);
        await settled();
      },
    };
  }

  stop(): Promise<void> {
    return this.#cleanup.run();
  }
}

/** A host in a namespace, whose port is not on a bridge yet. */
async function addHost(
  cleanup: Cleanup,
  names: NameMaker,
  ovs: OvsInstance,
  { mac, address, port }: { readonly mac: string; readonly address: string; readonly port: string },
): Promise<SceneVm> {
  const namespace = await Namespace.create(cleanup, names, 'v');
  const host = ovs.host;
  const addresses = [`${address}/24`];
  await createVethPort(cleanup, { name: port, vm: namespace, host, mac, addresses, mtu: MTU });
  return { port, address, namespace };
}

async function makeBridges(ovs: OvsInstance): Promise<void> {
  for (const bridge of [INTEGRATION, PROVIDER]) {
    await ovs.addBridge(bridge);
    await ovs.vsctl('set', 'bridge', bridge, 'fail_mode=secure');
  }
  await ovs.addPort({ bridge: INTEGRATION, name: CLIENT.port, ofport: PORTS.vm });
  await ovs.addPort({ bridge: PROVIDER, name: SERVER.port, ofport: PORTS.server });
  await ovs.vsctl('set', 'port', SERVER.port, `tag=${VLAN.provider}`);
  await ovs.vsctl(
    ...patch(INTEGRATION, 'int-br-ex', 'phy-br-ex', PORTS.toProvider),
    '--',
    ...patch(PROVIDER, 'phy-br-ex', 'int-br-ex', PORTS.toIntegration),
  );
  await addRules(ovs, INTEGRATION, firewallRules(CLIENT));
  await addRules(ovs, PROVIDER, providerRules());
}

function patch(bridge: string, name: string, peer: string, number: number): readonly string[] {
  const columns = ['type=patch', `options:peer=${peer}`, `ofport_request=${number}`];
  return ['add-port', bridge, name, '--', 'set', 'interface', name, ...columns];
}

async function addRules(ovs: OvsInstance, bridge: string, rules: readonly string[]): Promise<void> {
  const file = join(ovs.runDir, `${bridge}.rules`);
  await writeFile(file, `${rules.join('\n')}\n`);
  await ovs.ofctl('add-flows', bridge, file);
}
