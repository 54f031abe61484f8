import { rm } from 'node:fs/promises';
import { PacketMeter } from '../../../../../adapters/nic/meter/packet-meter.ts';
import type { PacketMeterOptions } from '../../../../../adapters/nic/meter/options.ts';
import type { Namespace } from '../../../../../lab/testbed/namespace.ts';
import { sendFrames } from '../../../../../lab/testbed/packets.ts';
import { run } from '../../../../../lab/testbed/run.ts';
import type {
  ConnectionMeterFixture,
  ConnectionMeterNeeds,
} from '../../../../contract/connection-meter.ts';
import { eventually } from '../../../../support/eventually.ts';
import { builtObject } from '../../support/object.ts';
import { World } from '../../support/world.ts';
import { bridgeOver } from '../../tcx/support/bridge.ts';

const PACKETS_PER_SECOND = 50_000;

/** How frames are sent. */
export interface SendHow {
  /** How many of them the bridge gets; left out: all. */
  readonly expected?: number;
  readonly packetsPerSecond?: number;
}

/** Two VMs on veth ports of a bridge, which takes packets where the kernel datapath does: behind tcx. */
export class MeterNode {
  readonly world: World;
  readonly #bridge: string;
  readonly #vms: ReadonlyMap<string, Namespace>;

  private constructor(world: World, bridge: string) {
    this.world = world;
    this.#bridge = bridge;
    this.#vms = new Map(world.names().map((name) => [name, world.port(name).vm]));
  }

  static async start(): Promise<MeterNode> {
    const world = await World.create(2);
    return new MeterNode(world, await bridgeOver(world, ...world.names()));
  }

  /** The ports of the two VMs. */
  names(): readonly string[] {
    return [...this.#vms.keys()];
  }

  vm(name: string): Namespace {
    const vm = this.#vms.get(name);
    if (vm === undefined) throw new Error(`no port ${name}`);
    return vm;
  }

  options(
    pinPath: string,
    asked: ConnectionMeterNeeds,
    hook: 'tcx' | 'cls_bpf' = 'tcx',
  ): PacketMeterOptions {
    const { connections, forgetAfterMs, sampling } = asked;
    const objectPath = builtObject('meter');
    const sizes = { connections, forgetAfterMs };
    return { pinPath, objectPath, hook, ...sizes, sampling: { above: 0, oneIn: sampling } };
  }

  /** Sends frames from a VM; resolves once the bridge has got them. */
  async send(port: string, frames: readonly Buffer[], how: SendHow = {}): Promise<void> {
    const { expected = frames.length, packetsPerSecond = PACKETS_PER_SECOND } = how;
    const before = await this.entered();
    await sendFrames(this.vm(port), frames, packetsPerSecond, this.world.folder);
    const isAll = async () => (await this.entered()) >= before + expected;
    await eventually('all packets have entered', isAll);
  }

  /** Packets that the bridge has got so far. */
  entered(): Promise<number> {
    return received(this.#bridge);
  }

  /** Makes a port again that was removed. */
  async remake(name: string, ifindex?: number): Promise<void> {
    const how = ifindex === undefined ? {} : { ifindex };
    await this.world.makePort(name, this.vm(name), how);
    await run('ip', ['link', 'set', name, 'master', this.#bridge]);
  }

  async fixture(
    asked: ConnectionMeterNeeds,
    hook: 'tcx' | 'cls_bpf' = 'tcx',
  ): Promise<ConnectionMeterFixture> {
    const { world } = this;
    for (const name of this.names()) {
      if (!world.names().includes(name)) await this.remake(name);
    }
    const ifindexes = new Map(world.names().map((name) => [name, world.port(name).ifindex]));
    const pinPath = world.pinPath();
    const options = this.options(pinPath, asked, hook);
    let meter = new PacketMeter(options);
    await meter.portsChanged(world.snapshot());
    const [inPort, otherPort] = this.names();
    return {
      get meter() {
        return meter;
      },
      inPort,
      otherPort,
      ports: () => world.snapshot(),
      send: (port, frames) => this.send(port, frames),
      removePort: (name) => world.removePort(name),
      recreatePort: (name) => this.remake(name, ifindexes.get(name)),
      restart: async () => {
        // What the kernel does for a process that is killed: descriptors closed, nothing written.
        await meter.close('keep');
        meter = new PacketMeter(options);
        await meter.portsChanged(world.snapshot());
        return meter;
      },
      close: async () => {
        try {
          await meter.close('withdraw');
        } finally {
          // What is still pinned is attached.
          await rm(pinPath, { recursive: true, force: true });
        }
      },
    };
  }

  close(): Promise<void> {
    return this.world.close();
  }
}

/** Packets that a device has received. */
async function received(device: string): Promise<number> {
  const text = await run('ip', ['-s', '-o', 'link', 'show', device]);
  return Number(/RX:[^\\]*\\\s*\d+\s+(\d+)/.exec(text)?.[1] ?? 0);
}
