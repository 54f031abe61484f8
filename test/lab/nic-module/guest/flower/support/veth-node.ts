import type { PortSnapshot } from '../../../../../../engine/model/port.ts';
import { PacketSocket } from '../../../../../../lab/testbed/packet-socket.ts';
import { run } from '../../../../../../lab/testbed/run.ts';
import { builtObject } from '../../../../../adapters/nic/support/object.ts';
import { World, type WorldPort } from '../../../../../adapters/nic/support/world.ts';
import { bridgeOver } from '../../../../../adapters/nic/tcx/support/bridge.ts';
import type { FlowerNode } from './contract-fixture.ts';
import { LinkCounters } from './link-counters.ts';

/** VMs on veth devices, with a bridge behind tc where the kernel datapath would be. */
export class VethNode implements FlowerNode {
  readonly rulesIn = 'software';
  readonly objectPath = builtObject('flower');
  readonly inPort: string;
  readonly outPort: string;
  readonly otherPort: string;
  readonly #world: World;
  readonly #bridge: string;
  readonly #host = new LinkCounters();
  readonly #vms: ReadonlyMap<string, LinkCounters>;
  /** Packets to ports that are gone. */
  readonly #former = new Map<string, number>();
  readonly #first: ReadonlyMap<string, WorldPort>;
  #socket: PacketSocket;

  private constructor(world: World, bridge: string) {
    this.#world = world;
    this.#bridge = bridge;
    [this.inPort, this.outPort, this.otherPort] = world.names();
    this.#first = new Map(world.names().map((name) => [name, world.port(name)]));
    this.#vms = new Map(
      world.names().map((name) => [name, new LinkCounters(world.port(name).vm.name)]),
    );
    this.#socket = this.#open();
  }

  static async start(): Promise<VethNode> {
    const world = await World.create(3);
    return new VethNode(world, await bridgeOver(world, world.names()[0]));
  }

  get world(): World {
    return this.#world;
  }

  async reset(): Promise<void> {
    const present = this.#world.names();
    for (const name of this.#vms.keys()) if (!present.includes(name)) await this.recreatePort(name);
  }

  pinPath(): string {
    return this.#world.pinPath();
  }

  ports(): PortSnapshot {
    return this.#world.snapshot();
  }

  send(frame: Buffer): void {
    this.#socket.send(frame);
  }

  async received(port: string): Promise<number> {
    return ((await this.#vms.get(port)?.received('eth0')) ?? 0) + (this.#former.get(port) ?? 0);
  }

  passed(): Promise<number> {
    return this.#host.received(this.#bridge);
  }

  async removePort(name: string): Promise<void> {
    this.#former.set(name, await this.received(name));
    await this.#world.removePort(name);
  }

  async recreatePort(name: string): Promise<void> {
    const before = this.#first.get(name);
    if (before === undefined) throw new Error(`no port ${name}`);
    await this.#world.makePort(name, before.vm, { ifindex: before.ifindex });
    if (name !== this.inPort) return;
    await run('ip', ['link', 'set', name, 'master', this.#bridge]);
    this.#socket.close();
    this.#socket = this.#open();
  }

  async stop(): Promise<void> {
    this.#socket.close();
    this.#host.close();
    for (const counters of this.#vms.values()) counters.close();
    await this.#world.close();
  }

  #open(): PacketSocket {
    return new PacketSocket(this.#world.port(this.inPort).vm.name, 'eth0');
  }
}
