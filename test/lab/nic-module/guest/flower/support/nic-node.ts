import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ifindexOf } from '../../../../../../adapters/nic/core/device.ts';
import type { PortInfo, PortSnapshot } from '../../../../../../engine/model/port.ts';
import { mountBpffs } from '../../../../../../lab/testbed/bpffs.ts';
import { Cleanup } from '../../../../../../lab/testbed/cleanup.ts';
import { PacketSocket } from '../../../../../../lab/testbed/packet-socket.ts';
import { builtObject } from '../../../../../adapters/nic/support/object.ts';
import { NicRig } from '../../support/rig.ts';
import type { NicOptions } from '../../../../../../lab/nic-module/nic.ts';
import type { FlowerNode } from './contract-fixture.ts';
import { LinkCounters } from './link-counters.ts';

/** VMs on the functions of the NIC in software. What it does not carry, a representor receives. */
export class NicNode implements FlowerNode {
  readonly rulesIn = 'hardware';
  readonly objectPath = builtObject('flower');
  readonly inPort: string;
  readonly outPort: string;
  readonly otherPort: string;
  readonly rig: NicRig;
  readonly #folder: string;
  readonly #cleanup: Cleanup;
  readonly #host = new LinkCounters();
  readonly #remote: LinkCounters;
  readonly #other: LinkCounters;
  readonly #socket: PacketSocket;
  readonly #gone = new Set<string>();
  #uuids = 0;
  readonly #uuid = new Map<string, string>();
  #pins = 0;

  private constructor(rig: NicRig, folder: string, cleanup: Cleanup) {
    const { uplink, representors } = rig.nic.devices;
    this.rig = rig;
    this.#folder = folder;
    this.#cleanup = cleanup;
    [this.inPort, this.otherPort] = representors;
    this.outPort = uplink;
    this.#remote = new LinkCounters(rig.remote.name);
    this.#other = new LinkCounters(rig.vms[1].name);
    this.#socket = new PacketSocket(rig.vms[0].name, 'eth0');
  }

  static async start(options: NicOptions = {}): Promise<NicNode> {
    const cleanup = new Cleanup();
    const folder = await mkdtemp(join(tmpdir(), 'norikae-flower-'));
    cleanup.add({
      name: folder,
      undo: () => rm(folder, { recursive: true, force: true }),
      undoNow: () => undefined,
    });
    await mountBpffs(cleanup, join(folder, 'bpf'));
    return new NicNode(await NicRig.start({ entries: 1_024, ...options }), folder, cleanup);
  }

  reset(): Promise<void> {
    this.#gone.clear();
    return Promise.resolve();
  }

  pinPath(): string {
    return join(this.#folder, 'bpf', `p${this.#pins++}`);
  }

  ports(): PortSnapshot {
    const names = [this.inPort, this.outPort, this.otherPort];
    return new Map(
      names.filter((name) => !this.#gone.has(name)).map((name) => [name, this.#port(name)]),
    );
  }

  send(frame: Buffer): void {
    this.#socket.send(frame);
  }

  received(port: string): Promise<number> {
    return (port === this.outPort ? this.#remote : this.#other).received('eth0');
  }

  passed(): Promise<number> {
    return this.#host.received(this.inPort);
  }

  /** The port goes away from the vSwitch; its device stays. */
  removePort(name: string): Promise<void> {
    this.#gone.add(name);
    return Promise.resolve();
  }

  recreatePort(name: string): Promise<void> {
    this.#gone.delete(name);
    this.#uuid.set(name, `uuid-${name}-${++this.#uuids}`);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#socket.close();
    for (const counters of [this.#host, this.#remote, this.#other]) counters.close();
    await this.rig.stop();
    await this.#cleanup.run();
  }

  #port(name: string): PortInfo {
    return {
      name,
      uuid: this.#uuid.get(name) ?? `uuid-${name}`,
      ifindex: ifindexOf(name) ?? 0,
      bridge: 'br0',
      kind: name === this.outPort ? 'uplink' : 'vm',
      datapath: 'kernel',
      mac: undefined,
      vm: undefined,
      slice: undefined,
      linkBitsPerSecond: undefined,
      shaped: false,
      policed: false,
    };
  }
}
