import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OvsFlowSource } from '../../../adapters/ovs/flow-source.ts';
import { fieldOf } from '../../../engine/model/match.ts';
import type { FlowTable } from '../../../engine/model/flow-table.ts';
import { Cleanup } from '../../../lab/testbed/cleanup.ts';
import { ethernet, ipv4, MARKER, macBytes } from '../../../lab/testbed/frames.ts';
import { Namespace } from '../../../lab/testbed/namespace.ts';
import { NameMaker } from '../../../lab/testbed/names.ts';
import { type Datapath, OvsInstance } from '../../../lab/testbed/ovs.ts';
import { sendFrames } from '../../../lab/testbed/packets.ts';
import { createVethPort, type VethPort } from '../../../lab/testbed/veth.ts';

export const FRAME_BYTES = 100;
const ETHER_TYPE = 0x88b5;
const DATAPATHS = { netdev: 'netdev@ovs-netdev', system: 'system@ovs-system' } as const;

/** An Open vSwitch of our own with two VMs, and rules that let vm1 send to vm2. */
export class RealOvs {
  readonly ovs: OvsInstance;
  readonly cleanup: Cleanup;
  readonly #names: NameMaker;
  readonly #datapath: Datapath;
  readonly #vms = new Map<string, Namespace>();
  readonly #ports = new Map<string, VethPort>();

  private constructor(ovs: OvsInstance, cleanup: Cleanup, names: NameMaker, datapath: Datapath) {
    this.#datapath = datapath;
    this.ovs = ovs;
    this.cleanup = cleanup;
    this.#names = names;
  }

  /** @param datapath of the bridge; the kernel's needs the module openvswitch */
  static async start(datapath: Datapath = 'netdev'): Promise<RealOvs> {
    const cleanup = new Cleanup();
    try {
      const names = new NameMaker();
      const real = new RealOvs(await OvsInstance.start(cleanup, names), cleanup, names, datapath);
      await real.ovs.addBridge('br0', datapath);
      await real.addVm(1);
      await real.addVm(2);
      return real;
    } catch (error) {
      await cleanup.run();
      throw error;
    }
  }

  stop(): Promise<void> {
    return this.cleanup.run();
  }

  source(): OvsFlowSource {
    return new OvsFlowSource({ runDir: this.ovs.runDir, timeoutMs: 5_000 });
  }

  vm(n: number): Namespace {
    const vm = this.#vms.get(`vm${n}`);
    if (vm === undefined) throw new Error(`there is no vm${n}`);
    return vm;
  }

  /** A VM with a port of its name, MAC 02:00:00:00:00:0n and address 10.9.0.n. */
  async addVm(n: number): Promise<void> {
    const name = `vm${n}`;
    if (!this.#vms.has(name)) {
      this.#vms.set(name, await Namespace.create(this.cleanup, this.#names, 'v'));
    }
    await this.addDevice(n);
    await this.addPort(n);
  }

  /** The VM's device alone: a veth pair. Returns its ifindex. */
  async addDevice(n: number): Promise<number> {
    const port = await createVethPort(this.cleanup, {
      name: `vm${n}`,
      vm: this.vm(n),
      host: this.ovs.host,
      mac: `02:00:00:00:00:0${n}`,
      addresses: [`10.9.0.${n}/24`],
    });
    this.#ports.set(port.name, port);
    return port.ifindex;
  }

  async deleteDevice(n: number): Promise<void> {
    await this.#ports.get(`vm${n}`)?.delete();
  }

  /** The port alone; its device is there. Resolves when OVSDB has its ifindex. */
  async addPort(n: number): Promise<void> {
    const name = `vm${n}`;
    const mac = `02:00:00:00:00:0${n}`;
    await this.ovs.addPort({
      bridge: 'br0',
      name,
      vm: `machine${n}`,
      slice: 'gold',
      mac,
      ofport: n,
    });
    for (let tries = 0; tries < 100; tries++) {
      const ifindex = await this.ovs.vsctl('get', 'interface', name, 'ifindex');
      if (Number(ifindex) > 0) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`${name} got no ifindex`);
  }

  async deletePort(name: string): Promise<void> {
    await this.ovs.vsctl('--if-exists', 'del-port', 'br0', name);
  }

  /** Starts vswitchd again; resolves when it has made its bridge and ports. */
  async startVswitchd(): Promise<void> {
    await this.ovs.startVswitchd();
    // ovs-vsctl waits for vswitchd only when it has changed something.
    const now = String(performance.now());
    await this.ovs.vsctl('set', 'Open_vSwitch', '.', `external_ids:restarted="${now}"`);
  }

  /** Replaces every OpenFlow rule. */
  async rules(...flows: readonly string[]): Promise<void> {
    const file = join(this.ovs.runDir, 'rules');
    await writeFile(file, `${flows.join('\n')}\n`);
    await this.ovs.ofctl('del-flows', 'br0');
    await this.ovs.ofctl('add-flows', 'br0', file);
    await this.settled();
  }

  /** Waits until the datapath does what the rules say. */
  async settled(): Promise<void> {
    await this.ovs.appctl('revalidator/wait');
  }

  /** Sends frames from vm1, and waits until the datapath has counted them all. */
  async send(frames: readonly Buffer[]): Promise<void> {
    const before = await this.#counted();
    await sendFrames(this.vm(1), frames, 2_000, this.ovs.runDir);
    for (let tries = 0; tries < 200; tries++) {
      if ((await this.#counted()) - before >= frames.length) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`${frames.length} frames did not all reach the vSwitch`);
  }

  /** Every packet is a hit of a datapath flow or a miss. */
  async #counted(): Promise<number> {
    const shown = await this.ovs.appctl('dpctl/show', DATAPATHS[this.#datapath]);
    const [, hit, missed] = /lookups: hit:(\d+) missed:(\d+)/.exec(shown) ?? [];
    return Number(hit) + Number(missed);
  }
}

/** MAC of the n-th kind of traffic. */
export function trafficMac(n: number): string {
  return `02:00:00:00:01:${n.toString(16).padStart(2, '0')}`;
}

/** A frame of the n-th kind of traffic. */
export function trafficFrame(n: number): Buffer {
  const payload = Buffer.alloc(FRAME_BYTES - 14);
  MARKER.copy(payload);
  return ethernet({
    src: trafficMac(n),
    dst: '02:00:00:00:00:02',
    etherType: ETHER_TYPE,
    payload,
  });
}

/** A UDP packet from vm1 to port 53 of vm2. */
export function dnsFrame(): Buffer {
  const udp = Buffer.alloc(30);
  udp.writeUInt16BE(1000, 0);
  udp.writeUInt16BE(53, 2);
  udp.writeUInt16BE(udp.length, 4);
  const header = {
    src: Buffer.of(10, 9, 0, 1),
    dst: Buffer.of(10, 9, 0, 2),
    protocol: 17,
    ttl: 64,
    tos: 0,
  };
  return ethernet({
    src: '02:00:00:00:00:01',
    dst: '02:00:00:00:00:02',
    etherType: 0x0800,
    payload: ipv4(header, 1, udp),
  });
}

/** Row of the flow with this source MAC, or -1. */
export function rowOfMac(table: FlowTable, mac: string): number {
  const bytes = macBytes(mac);
  return (
    table.rows.subarray(0, table.count).find((row) => {
      const value = fieldOf(table.matchAt(row), 'eth_src')?.value;
      return value !== undefined && bytes.equals(value);
    }) ?? -1
  );
}
