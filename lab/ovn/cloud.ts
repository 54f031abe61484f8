import type { SceneVm } from '../connections/scene.ts';
import { Cleanup } from '../testbed/cleanup.ts';
import { NameMaker } from '../testbed/names.ts';
import { sweepLeftovers } from '../testbed/sweep.ts';
import { OvnCentral } from './central.ts';
import { OvnChassis } from './chassis.ts';

/** Logical switches, their subnets, and the ports of the router on them. */
const SWITCHES = [
  { name: 's1', subnet: '10.1.0', router: '02:0b:00:00:01:fe' },
  { name: 's2', subnet: '10.2.0', router: '02:0b:00:00:02:fe' },
] as const;
const ROUTER = 'r1';

/** A logical switch port with a VM. */
interface LogicalVm {
  readonly name: string;
  readonly on: (typeof SWITCHES)[number];
  /** Last byte of address and MAC address. */
  readonly number: number;
}

const [S1, S2] = SWITCHES;
const LOGICAL = {
  client: { name: 'client', on: S1, number: 1 },
  neighbour: { name: 'neighbour', on: S1, number: 2 },
  routed: { name: 'routed', on: S2, number: 3 },
  remote: { name: 'remote', on: S1, number: 4 },
} as const satisfies Record<string, LogicalVm>;

/** The VMs: one client, and servers on its switch, behind the router, and on the second chassis. */
export type VmName = keyof typeof LOGICAL;

/**
 * An OVN deployment: two logical switches with a router between them, on one chassis and, when it is
 * asked for, a second.
 */
export class OvnCloud {
  readonly central: OvnCentral;
  readonly cleanup: Cleanup;
  /** The first chassis, which has the client. */
  readonly chassis: OvnChassis;
  readonly #names: NameMaker;
  readonly #vms = new Map<VmName, SceneVm>();
  #second: OvnChassis | undefined;

  private constructor(
    cleanup: Cleanup,
    names: NameMaker,
    central: OvnCentral,
    chassis: OvnChassis,
  ) {
    this.cleanup = cleanup;
    this.#names = names;
    this.central = central;
    this.chassis = chassis;
  }

  /** Removes leftovers of killed runs, then starts OVN and one chassis with its VMs. */
  static async start(): Promise<OvnCloud> {
    await sweepLeftovers();
    const cleanup = new Cleanup();
    try {
      const names = new NameMaker();
      const central = await OvnCentral.start(cleanup, names);
      const chassis = await OvnChassis.start(cleanup, names, central, 'ch1', '172.16.0.1');
      const cloud = new OvnCloud(cleanup, names, central, chassis);
      await cloud.#makeLogicalNetwork();
      for (const name of ['client', 'neighbour', 'routed'] as const) {
        await cloud.#addVm(chassis, name);
      }
      await central.settled();
      return cloud;
    } catch (error) {
      await cleanup.run();
      throw error;
    }
  }

  /** Every chassis that runs. */
  get allChassis(): readonly OvnChassis[] {
    return this.#second === undefined ? [this.chassis] : [this.chassis, this.#second];
  }

  /** @throws {NoSuchVm} before the second chassis runs, for its VM */
  vm(name: VmName): SceneVm {
    const vm = this.#vms.get(name);
    if (vm === undefined) throw new NoSuchVm(name);
    return vm;
  }

  /** Starts the second chassis with its VM, unless it runs. */
  async startSecondChassis(): Promise<void> {
    if (this.#second !== undefined) return;
    const { cleanup, central } = this;
    const second = await OvnChassis.start(cleanup, this.#names, central, 'ch2', '172.16.0.2');
    await OvnChassis.connect(this.chassis, second);
    this.#second = second;
    await this.#addVm(second, 'remote');
    await central.settled();
  }

  stop(): Promise<void> {
    return this.cleanup.run();
  }

  async #makeLogicalNetwork(): Promise<void> {
    const commands = [['lr-add', ROUTER], ...SWITCHES.map(({ name }) => ['ls-add', name])];
    for (const { name, subnet, router } of SWITCHES) {
      const [onRouter, onSwitch] = [`${ROUTER}-${name}`, `${name}-${ROUTER}`];
      commands.push(
        ['lrp-add', ROUTER, onRouter, router, `${subnet}.254/24`],
        ['lsp-add', name, onSwitch],
        ['lsp-set-type', onSwitch, 'router'],
        ['lsp-set-addresses', onSwitch, 'router'],
        ['lsp-set-options', onSwitch, `router-port=${onRouter}`],
      );
    }
    for (const vm of Object.values(LOGICAL)) {
      commands.push(
        ['lsp-add', vm.on.name, vm.name],
        ['lsp-set-addresses', vm.name, `${macOf(vm)} ${addressOf(vm)}`],
      );
    }
    await this.central.nbctl(...commands);
  }

  async #addVm(chassis: OvnChassis, name: VmName): Promise<void> {
    const vm = LOGICAL[name];
    const options = {
      logicalPort: vm.name,
      mac: macOf(vm),
      address: addressOf(vm),
      gateway: `${vm.on.subnet}.254`,
    };
    this.#vms.set(name, await chassis.addVm(options));
  }
}

/** There is no such VM yet. */
export class NoSuchVm extends Error {
  override readonly name = 'NoSuchVm';
  constructor(name: VmName) {
    super(`there is no VM ${name}: start its chassis first`);
  }
}

function addressOf({ on, number }: LogicalVm): string {
  return `${on.subnet}.${number}`;
}

function macOf({ on, number }: LogicalVm): string {
  return `02:0b:00:00:0${on.name.slice(1)}:0${number}`;
}
