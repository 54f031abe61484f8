import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PortInfo, PortSnapshot } from '../../../../engine/model/port.ts';
import { mountBpffs } from '../../../../lab/testbed/bpffs.ts';
import { Cleanup } from '../../../../lab/testbed/cleanup.ts';
import { NameMaker } from '../../../../lab/testbed/names.ts';
import { Namespace } from '../../../../lab/testbed/namespace.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { createVethPort } from '../../../../lab/testbed/veth.ts';
import type { VethPort } from '../../../../lab/testbed/veth.ts';

/** A veth port with the VM behind it. */
export interface WorldPort extends VethPort {
  readonly uuid: string;
}

const names = new NameMaker();

/** VMs (network namespaces) on veth ports of this namespace, and no vSwitch between them. */
export class World {
  readonly cleanup = new Cleanup();
  readonly folder: string;
  readonly #ports = new Map<string, WorldPort>();
  #uuids = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(vms: number): Promise<World> {
    const world = new World(await mkdtemp(join(tmpdir(), 'norikae-nic-')));
    world.cleanup.add({
      name: world.folder,
      undo: () => rm(world.folder, { recursive: true, force: true }),
      undoNow: () => undefined,
    });
    await mountBpffs(world.cleanup, join(world.folder, 'bpf'));
    for (let i = 0; i < vms; i++) await world.addPort();
    return world;
  }

  /** A fresh directory for pinned maps. */
  pinPath(): string {
    return join(this.folder, 'bpf', names.next('p'));
  }

  /** Adds a VM with a port. */
  async addPort(): Promise<WorldPort> {
    const vm = await Namespace.create(this.cleanup, names, 'm');
    return this.makePort(names.next('v'), vm);
  }

  /**
   * Adds a VM with a port that takes no XDP program: the VM may send larger frames than the port's own MTU
   * says (veth_xdp_set in drivers/net/veth.c, ERANGE).
   */
  async addPortWithoutXdp(): Promise<WorldPort> {
    const port = await this.addPort();
    await run('ip', ['-n', port.vm.name, 'link', 'set', 'eth0', 'mtu', '9000']);
    return port;
  }

  /** Makes a port to a VM, with a new uuid. */
  async makePort(
    name: string,
    vm: Namespace,
    how: { readonly ifindex?: number } = {},
  ): Promise<WorldPort> {
    const last = String(this.#uuids + 16).padStart(2, '0');
    const mac = `02:00:00:00:01:${last.slice(-2)}`;
    const veth = await createVethPort(this.cleanup, { name, vm, mac, addresses: [], ...how });
    const port = { ...veth, uuid: `uuid-${this.#uuids++}` };
    this.#ports.set(name, port);
    return port;
  }

  async removePort(name: string): Promise<void> {
    await this.port(name).delete();
    this.#ports.delete(name);
  }

  port(name: string): WorldPort {
    const port = this.#ports.get(name);
    if (port === undefined) throw new Error(`no port ${name}`);
    return port;
  }

  names(): readonly string[] {
    return [...this.#ports.keys()];
  }

  /** What the port directory would say. */
  snapshot(): PortSnapshot {
    return new Map(
      [...this.#ports.values()].map((port): [string, PortInfo] => [port.name, infoOf(port)]),
    );
  }

  /** Packets that a VM's eth0 has received. */
  async received(vm: Namespace): Promise<number> {
    const text = await run('ip', ['-n', vm.name, '-s', '-o', 'link', 'show', 'eth0']);
    const counts = /RX:[^\\]*\\\s*(\d+)\s+(\d+)/.exec(text);
    return Number(counts?.[2] ?? 0);
  }

  close(): Promise<void> {
    return this.cleanup.run();
  }
}

function infoOf(port: WorldPort): PortInfo {
  return {
    name: port.name,
    uuid: port.uuid,
    ifindex: port.ifindex,
    bridge: 'br0',
    kind: 'vm',
    datapath: 'kernel',
    mac: port.mac,
    vm: undefined,
    slice: undefined,
    linkBitsPerSecond: undefined,
    shaped: false,
    policed: false,
  };
}
