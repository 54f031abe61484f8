import { NorikaeDaemon } from '../../../../../../lab/testbed/daemon.ts';
import { ethernet, ipv4, MARKER, udp } from '../../../../../../lab/testbed/frames.ts';
import { Namespace } from '../../../../../../lab/testbed/namespace.ts';
import { BRIDGE, TestNode } from '../../../../../../lab/testbed/node.ts';
import { PacketSocket } from '../../../../../../lab/testbed/packet-socket.ts';
import { run } from '../../../../../../lab/testbed/run.ts';
import { EAGER } from '../../../../../node/fixture.ts';
import { needs } from '../../../../../support/needs.ts';

/** An emulated processor takes half a minute to load the daemon. */
const READY = { timeoutMs: 120_000, everyMs: 1_000 };
const CARRIED_MS = 40_000;
const PERIOD_MS = 100;
const FAR_MAC = '02:09:00:00:02:01';

describe('the daemon with rules in software, and a tunnel of Open vSwitch', function () {
  this.timeout(170_000);
  let node: TestNode | undefined;
  let daemon: NorikaeDaemon | undefined;
  const sockets: PacketSocket[] = [];
  let timer: NodeJS.Timeout | undefined;

  before(async function () {
    needs(this, 'kernel-lab', 'root', 'netns', 'nft', 'ovs');
    await run('modprobe', ['-a', 'openvswitch', 'cls_flower', 'act_tunnel_key', 'vport_vxlan']);
    node = await TestNode.start(['other_config:max-idle=600000'], 'system');
    const vm = await node.addVm(1);
    const remote = await layTunnel(node);
    await node.ovs.ofctl('add-flow', BRIDGE, 'in_port=1,actions=output:2');
    await node.ovs.ofctl('add-flow', BRIDGE, 'in_port=2,actions=output:1');
    const toVm = new PacketSocket(remote.name, 'far');
    const toFar = new PacketSocket(vm.namespace.name, 'eth0');
    sockets.push(toVm, toFar);
    timer = setInterval(() => {
      toFar.send(frame(vm.mac, FAR_MAC, 1));
      toVm.send(frame(FAR_MAC, vm.mac, 2));
    }, PERIOD_MS);
    daemon = await NorikaeDaemon.start(node, {
      ready: READY,
      policies: [EAGER],
      poll: { periodMs: 250 },
      backend: { adapter: 'flower', rulesIn: 'software', leaseMs: 8_000 },
    });
  });

  after(async () => {
    clearInterval(timer);
    for (const socket of sockets) socket.close();
    await daemon?.stop();
    await node?.stop();
  });

  for (const [what, inPort] of [
    ['into it', 'vm1'],
    ['out of it, by the device that flows name', 'vxlan_sys_4789'],
  ] as const) {
    it(`carries flows ${what}`, async () => {
      await daemon?.waitForFlow(
        `the backend carries a flow from ${inPort}`,
        (flow) => flow.inPort === inPort && flow.placement === 'offload' && flow.carriedBytes > 0,
        CARRIED_MS,
        500,
      );
    });
  }
});

/** Adds a tunnel to the bridge; returns the namespace of its far end, which has a device `far`. */
async function layTunnel(node: TestNode): Promise<Namespace> {
  const { ovs, cleanup, names } = node;
  const remote = await Namespace.create(cleanup, names);
  const host = `ip -n ${ovs.host.name}`;
  const far = `ip -n ${remote.name}`;
  const commands = [
    `${host} link add under type veth peer name eth0 netns ${remote.name}`,
    `${host} address add 172.16.0.1/24 dev under`,
    `${host} link set under up`,
    `${far} address add 172.16.0.2/24 dev eth0`,
    `${far} link set eth0 up`,
    `${far} link add far address ${FAR_MAC} type vxlan id 100 remote 172.16.0.1 dstport 4789`,
    `${far} link set far up`,
  ];
  await run('sh', ['-ec', commands.join('\n')]);
  const options = ['type=vxlan', 'options:remote_ip=172.16.0.2', 'options:key=100'];
  const settings = ['--', 'set', 'interface', 'tun', ...options, 'ofport_request=2'];
  await ovs.vsctl('add-port', BRIDGE, 'tun', ...settings);
  return remote;
}

function frame(src: string, dst: string, from: 1 | 2): Buffer {
  const address = (last: number): Buffer => Buffer.from([10, 9, 0, last]);
  const ip = { src: address(from), dst: address(3 - from), protocol: 17, ttl: 64, tos: 0 };
  const datagram = udp(ip, 5_000, 6_000, Buffer.concat([MARKER, Buffer.alloc(40)]));
  return ethernet({ src, dst, etherType: 0x0800, payload: ipv4(ip, 1, datagram) });
}
