import { ethernet, ipv4, udp } from '../../lab/testbed/frames.ts';
import { BRIDGE, TestNode, type Vm } from '../../lab/testbed/node.ts';
import type { ManagedProcess } from '../../lab/testbed/managed-process.ts';
import { startSender } from '../../lab/testbed/packets.ts';
import { waitFor } from '../../lab/testbed/wait.ts';

const IPV4 = 0x0800;
const UDP = 17;
const FIRST_PORT = 10_000;
const FLOWS_MS = 60_000;

/** A node with a megaflow for each of so many UDP flows. */
export interface FlowScene {
  readonly node: TestNode;
  /** Sends a packet of each flow each second; it sends already. */
  sender: ManagedProcess;
  /** Starts the sender again after it was stopped. */
  send(): Promise<void>;
}

/** Starts the node and the sender; resolves when the vSwitch has all megaflows. */
export async function startFlows(flows: number): Promise<FlowScene> {
  const node = await TestNode.start();
  try {
    const { ovs } = node;
    await ovs.vsctl('set', 'Open_vSwitch', '.', 'other_config:max-idle=600000');
    const [from, to] = [await node.addVm(1), await node.addVm(2)];
    await ovs.ofctl('del-flows', BRIDGE);
    // A hash over the ports makes them part of the megaflow; what it chooses is not used.
    const hash = 'multipath(symmetric_l3l4+udp,1,modulo_n,1,0,NXM_NX_REG0[])';
    await ovs.ofctl('add-flow', BRIDGE, `in_port=${from.number},udp,actions=${hash},output:2`);
    const frames = Array.from({ length: flows }, (_, n) => frameOf(from, to, FIRST_PORT + n));
    const rate = { packetsPerSecond: flows, rounds: 0 };
    const start = () => startSender(from.namespace, frames, rate, ovs.runDir);
    const scene: FlowScene = {
      node,
      sender: await start(),
      send: async () => void (scene.sender = await start()),
    };
    const all = async () => ((await ovs.dumpFlows()).length >= flows ? true : undefined);
    await waitFor(`${flows} megaflows`, all, { timeoutMs: FLOWS_MS, everyMs: 1_000 });
    return scene;
  } catch (error) {
    await node.stop();
    throw error;
  }
}

function frameOf(from: Vm, to: Vm, port: number): Buffer {
  const [src, dst] = [from, to].map(({ address }) => Buffer.from(address.split('.').map(Number)));
  const ip = { src, dst, protocol: UDP, ttl: 64, tos: 0 };
  const payload = ipv4(ip, 0, udp(ip, port, 9, Buffer.alloc(4)));
  return ethernet({ src: from.mac, dst: to.mac, etherType: IPV4, payload });
}
