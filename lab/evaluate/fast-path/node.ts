import { Cleanup } from '../../testbed/cleanup.ts';
import {
  addOutside,
  addSwitchRules,
  addTrunk,
  type Ends,
  type FastPathParts,
  ip,
  type Router,
  routeThrough,
  startSwitches,
  SWITCH_NUMBERS,
  SWITCH_PORTS,
  type Switches,
  switchTarget,
} from '../../testbed/fast-path/parts.ts';
import { NameMaker } from '../../testbed/names.ts';
import { Namespace } from '../../testbed/namespace.ts';
import { BRIDGE } from '../../testbed/node.ts';
import type { OvsInstance } from '../../testbed/ovs.ts';
import { sweepLeftovers } from '../../testbed/sweep.ts';
import { createVethPort } from '../../testbed/veth.ts';
import { ProcessGroup } from '../scene/process-group.ts';
import type { End } from '../scene/scene.ts';
import { threadReceive } from './receive-thread.ts';

/** OpenFlow number of the vSwitch's end of the link to the switch; those of VMs count from 1. */
const TRUNK_NUMBER = 101;
const FAST_MAC = '02:0a:00:00:00:ff';

/** A VM that routes between two networks of its own; the network processor has the same addresses. */
interface RoutingVm extends Router {
  /** Counts from 1; also the OpenFlow number of its port. */
  readonly number: number;
  readonly name: string;
}

/**
 * A node whose VMs route, and whose fast path can replace each of them:
 *
 *     sender, receiver -- (bridge) -- uplink [switch] slow -- trunk [vSwitch] vm1, vm2 -- VMs
 *                                    [switch] fast -- the network processor, which routes likewise
 *
 * The switch and the network processor stand for hardware. They pass segments of TCP whole, so that
 * what they cost per packet is small; between switch and vSwitch there are packets of the MTU, as on
 * a wire. What VMs and network processor do with packets runs in threads of their own.
 */
export class EvaluationNode {
  readonly cleanup: Cleanup;
  readonly ovs: OvsInstance;
  readonly switch: OvsInstance;
  /** The VMs, the switch and the network processor. */
  readonly guests: ProcessGroup;
  /** The two ends of the connection of each VM. */
  readonly ends: readonly { readonly sender: End; readonly receiver: End }[];
  /** Names of the VMs' ports. */
  readonly vms: readonly string[];

  private constructor(
    cleanup: Cleanup,
    { ovs, sw }: Switches,
    guests: ProcessGroup,
    { sender, receiver }: Ends,
    vms: readonly RoutingVm[],
  ) {
    this.cleanup = cleanup;
    this.ovs = ovs;
    this.switch = sw;
    this.guests = guests;
    this.ends = vms.map((vm) => ({
      sender: { namespace: sender, address: vm.sender },
      receiver: { namespace: receiver, address: vm.receiver },
    }));
    this.vms = vms.map(({ name }) => name);
  }

  static async start(count: number, mtu: number): Promise<EvaluationNode> {
    await sweepLeftovers();
    const cleanup = new Cleanup();
    try {
      const names = new NameMaker();
      const guests = await ProcessGroup.create(cleanup, names.next('g'));
      const whole = ['other_config:userspace-tso-enable=true'];
      const switches = await startSwitches(cleanup, names, 'OpenFlow13', whole);
      const { sw } = switches;
      if (sw.vswitchdPid !== undefined) await guests.add(sw.vswitchdPid);
      const vms = Array.from({ length: count }, (_, index) => routingVm(index + 1));
      const outside = { routers: vms, mtu, wholeSegments: true };
      const building: Building = { cleanup, names, ...switches, ...outside, guests };
      const ends = await addOutside(building);
      await addTrunk(building, TRUNK_NUMBER);
      for (const vm of vms) await addVm(building, vm);
      await addNetworkProcessor(building, vms);
      await addVmRules(switches, vms);
      await addSwitchRules(sw, 'OpenFlow13');
      return new EvaluationNode(cleanup, switches, guests, ends, vms);
    } catch (error) {
      await cleanup.run();
      throw error;
    }
  }

  /** Address at which the daemon connects to the switch. */
  get switchTarget(): string {
    return switchTarget(this.switch);
  }

  /** Folder for the daemon's files; not on a BPF file system. */
  get pinPath(): string {
    return `${this.ovs.runDir}/none`;
  }

  stop(): Promise<void> {
    return this.cleanup.run();
  }
}

interface Building extends FastPathParts {
  readonly guests: ProcessGroup;
}

function routingVm(number: number): RoutingVm {
  return {
    number,
    name: `vm${number}`,
    mac: `02:0a:00:00:01:${number.toString(16).padStart(2, '0')}`,
    sender: `10.1.${number}.2`,
    senderGateway: `10.1.${number}.254`,
    receiver: `10.2.${number}.2`,
    receiverGateway: `10.2.${number}.254`,
  };
}

async function addVm(building: Building, router: RoutingVm): Promise<void> {
  const { cleanup, names, ovs, guests, mtu } = building;
  const { name, mac, number } = router;
  const vm = await Namespace.create(cleanup, names, 'v');
  await createVethPort(cleanup, { name, vm, host: ovs.host, mac, addresses: [], mtu });
  await ovs.addPort({ bridge: BRIDGE, name, vm: name, mac, ofport: number });
  await routeThrough(vm, 'eth0', router);
  await guests.add(await threadReceive(vm));
}

/** One namespace with the addresses of all VMs. */
async function addNetworkProcessor(building: Building, vms: readonly RoutingVm[]): Promise<void> {
  const { cleanup, names, sw, guests, mtu } = building;
  const vm = await Namespace.create(cleanup, names, 'f');
  const name = SWITCH_PORTS.fast;
  const port = { name, vm, host: sw.host, mac: FAST_MAC, addresses: [] };
  await createVethPort(cleanup, { ...port, mtu, transmitOffloads: true });
  await sw.addPort({ bridge: BRIDGE, name, ofport: SWITCH_NUMBERS.fast });
  for (const router of vms) {
    const { name: device, mac } = router;
    const parent = ['link', 'eth0', 'name', device, 'address', mac];
    await ip(vm, 'link', 'add', ...parent, 'type', 'macvlan', 'mode', 'private');
    await ip(vm, 'link', 'set', device, 'addrgenmode', 'none', 'up');
    await routeThrough(vm, device, router);
  }
  await guests.add(await threadReceive(vm));
}

/** The rules of the vSwitch: each VM gets what is for its address. */
async function addVmRules({ ovs }: Switches, vms: readonly RoutingVm[]): Promise<void> {
  await ovs.ofctl('del-flows', BRIDGE);
  for (const { number, mac } of vms) {
    const towards = `in_port=${TRUNK_NUMBER},dl_dst=${mac},actions=output:${number}`;
    await ovs.ofctl('add-flow', BRIDGE, towards);
    await ovs.ofctl('add-flow', BRIDGE, `in_port=${number},actions=output:${TRUNK_NUMBER}`);
  }
}
