import { Cleanup } from '../cleanup.ts';
import { NameMaker } from '../names.ts';
import { Namespace } from '../namespace.ts';
import { BRIDGE } from '../node.ts';
import type { OvsInstance } from '../ovs.ts';
import { sweepLeftovers } from '../sweep.ts';
import { createVethPort } from '../veth.ts';
import {
  addOutside,
  addSwitchRules,
  addTrunk,
  type Ends,
  type FastPathParts,
  OUTSIDE_MACS,
  type Router,
  routeThrough,
  startSwitches,
  SWITCH_NUMBERS,
  SWITCH_PORTS,
  type Switches,
  type SwitchProtocols,
  switchTarget,
} from './parts.ts';

/** The VM's port. */
export const VM = 'vm1';

/** VM and fast path have the same addresses, since either is the router. */
const ROUTER: Router = {
  mac: '02:0a:00:00:00:fe',
  sender: '10.1.0.2',
  senderGateway: '10.1.0.254',
  receiver: '10.2.0.2',
  receiverGateway: '10.2.0.254',
};
/** OpenFlow numbers of the vSwitch's ports. */
const NUMBERS = { trunk: 1, vm: 3 } as const;
const MTU = 1_500;

/**
 * A node with a fast path and a slow path:
 *
 *     sender, receiver -- (bridge) -- uplink [switch] slow -- trunk [vSwitch] vm1 -- a VM that
 *     routes [switch] fast -- the fast path, which routes likewise
 *
 * Switch and vSwitch are two Open vSwitch instances. The rules of the switch's main controller send
 * packets from the uplink to the vSwitch, and all others to the uplink.
 */
export class FastPathNode {
  readonly cleanup: Cleanup;
  /** The host's vSwitch, which the daemon reads. */
  readonly ovs: OvsInstance;
  /** The node's OpenFlow switch. */
  readonly switch: OvsInstance;
  readonly sender: Namespace;
  readonly receiver: Namespace;
  readonly receiverAddress = ROUTER.receiver;
  readonly senderMac = OUTSIDE_MACS.sender;

  private constructor(cleanup: Cleanup, { ovs, sw }: Switches, { sender, receiver }: Ends) {
    this.cleanup = cleanup;
    this.ovs = ovs;
    this.switch = sw;
    this.sender = sender;
    this.receiver = receiver;
  }

  /** Removes leftovers of killed runs, then builds the node. */
  static async start(protocols: SwitchProtocols): Promise<FastPathNode> {
    await sweepLeftovers();
    const cleanup = new Cleanup();
    try {
      const names = new NameMaker();
      const switches = await startSwitches(cleanup, names, protocols);
      const { ovs, sw } = switches;
      const outside = { routers: [ROUTER], mtu: MTU, wholeSegments: false };
      const parts: FastPathParts = { cleanup, names, ...switches, ...outside };
      const ends = await addOutside(parts);
      await addTrunk(parts, NUMBERS.trunk);
      await addRouter(parts, ovs, { name: VM, ofport: NUMBERS.vm });
      await addRouter(parts, sw, { name: SWITCH_PORTS.fast, ofport: SWITCH_NUMBERS.fast });
      await addSwitchRules(sw, protocols);
      return new FastPathNode(cleanup, switches, ends);
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

/** A namespace that routes between the sender's net and the receiver's. */
async function addRouter(
  { cleanup, names }: FastPathParts,
  ovs: OvsInstance,
  { name, ofport }: { readonly name: string; readonly ofport: number },
): Promise<void> {
  const vm = await Namespace.create(cleanup, names, 'v');
  await createVethPort(cleanup, { name, vm, host: ovs.host, mac: ROUTER.mac, addresses: [] });
  await ovs.addPort({ bridge: BRIDGE, name, vm: name, ofport });
  await routeThrough(vm, 'eth0', ROUTER);
}
