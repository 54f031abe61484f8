import assert from 'node:assert/strict';
import type { RulesIn } from '../../../../../../adapters/nic/flower/options.ts';
import type { PortInfo } from '../../../../../../engine/model/port.ts';
import { Cleanup } from '../../../../../../lab/testbed/cleanup.ts';
import { NameMaker } from '../../../../../../lab/testbed/names.ts';
import { Namespace } from '../../../../../../lab/testbed/namespace.ts';
import { run } from '../../../../../../lab/testbed/run.ts';
import { World } from '../../../../../adapters/nic/support/world.ts';
import { NicNode } from './nic-node.ts';
import { UNDERLAY } from './tunnel-kinds.ts';

/** A VM, a far host, and a link to it with the addresses of {@link UNDERLAY}. The device in each namespace is `eth0`. */
export interface TunnelBed {
  readonly rulesIn: RulesIn;
  /** The VM's port of the vSwitch. */
  readonly port: PortInfo;
  readonly vm: Namespace;
  readonly remote: Namespace;
  readonly pinPath: string;
  stop(): Promise<void>;
}

/** Pairs of veth devices, for rules in software. */
export async function vethBed(): Promise<TunnelBed> {
  const world = await World.create(1);
  const cleanup = new Cleanup();
  const names = new NameMaker();
  const remote = await Namespace.create(cleanup, names);
  const near = names.next('u');
  await run('ip', ['link', 'add', near, 'type', 'veth', 'peer', 'eth0', 'netns', remote.name]);
  const undo = () => run('ip', ['link', 'del', near]).then(() => undefined);
  cleanup.add({ name: `veth ${near}`, undo, undoNow: () => undefined });
  await address(near, remote);
  const [port] = world.snapshot().values();
  assert(port !== undefined);
  return {
    rulesIn: 'software',
    port,
    vm: world.port(port.name).vm,
    remote,
    pinPath: world.pinPath(),
    stop: async () => {
      await cleanup.run();
      await world.close();
    },
  };
}

/** The NIC in software: the VM has a function of it, and its uplink leads to the far host. */
export async function nicBed(): Promise<TunnelBed> {
  const node = await NicNode.start({ entries: 64 });
  await address(node.outPort, node.rig.remote);
  const port = node.ports().get(node.inPort);
  assert(port !== undefined);
  return {
    rulesIn: 'hardware',
    port,
    vm: node.rig.vms[0],
    remote: node.rig.remote,
    pinPath: node.pinPath(),
    stop: () => node.stop(),
  };
}

/** Gives both ends of the link their addresses. */
async function address(near: string, remote: Namespace): Promise<void> {
  const up = (device: string, end: 'near' | 'far'): readonly string[] => [
    `echo 0 > /proc/sys/net/ipv6/conf/${device}/disable_ipv6`,
    `ip link set ${device} up`,
    ...Object.values(UNDERLAY).map((underlay) => {
      const flags = underlay.near.includes(':') ? ' nodad' : '';
      return `ip address add ${underlay[end]}/${underlay.length} dev ${device}${flags}`;
    }),
  ];
  await run('sh', ['-ec', up(near, 'near').join('\n')]);
  await remote.exec('sh', ['-ec', up('eth0', 'far').join('\n')]);
}
