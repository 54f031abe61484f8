import { join } from 'node:path';
import { ingressTable, xdpTable } from '../../../lab/testbed/nic-tables.ts';
import type { ProgramBackend } from '../../../adapters/nic/core/program-backend.ts';
import { monotonicMs } from '../../../async/monotonic.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import { exactMask, type FieldMatch, type FieldName } from '../../../engine/model/match.ts';
import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import { packageRoot } from '../../../platform/package-root.ts';
import { Cleanup } from '../../testbed/cleanup.ts';
import { Namespace } from '../../testbed/namespace.ts';
import { BRIDGE, type TestNode, type Vm } from '../../testbed/node.ts';
import { run, runNow } from '../../testbed/run.ts';
import { createVethPort } from '../../testbed/veth.ts';
import {
  giveIpv6,
  giveTunnels,
  giveVlan,
  type Guest,
  guestOf,
  setOffloads,
} from '../guest/guests.ts';
import { type Ends, VLAN } from '../traffic/ends.ts';

/** A NIC table, without a daemon that decides. */
export type TableName = 'xdp' | 'tcx' | 'cls_bpf';

const BACKEND = { entries: 64, masks: 8, leaseMs: 600_000, heartbeatMs: 0 };
/** An emulated processor takes seconds to load a BPF program. */
const START_MS = 30_000;
const COUNTERS_MS = 10_000;

/**
 * Two guests on a vSwitch in the kernel, which keeps what the kernel knows about each packet, and a NIC table
 * with entries for all that passes between them.
 */
export class KernelBed {
  readonly sender: Guest;
  readonly receiver: Guest;
  readonly #cleanup: Cleanup;
  readonly #pinPath: string;
  #port = 10_000;

  private constructor(cleanup: Cleanup, guests: readonly [Guest, Guest], pinPath: string) {
    this.#cleanup = cleanup;
    [this.sender, this.receiver] = guests;
    this.#pinPath = pinPath;
  }

  /** A bridge of the kernel beside a node, whose run directory and names it uses. */
  static async onBridge({ names, ovs, pinPath }: TestNode): Promise<KernelBed> {
    const cleanup = new Cleanup();
    try {
      const bridge = names.next('b');
      await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
      cleanup.add({
        name: `bridge ${bridge}`,
        undo: async () => {
          await run('ip', ['link', 'del', bridge]);
        },
        undoNow: () => runNow('ip', ['link', 'del', bridge]),
      });
      await run('ip', ['link', 'set', bridge, 'up']);
      const add = async (number: number) => {
        const namespace = await Namespace.create(cleanup, names, 'v');
        const name = names.next('d');
        const mac = `02:29:00:00:00:0${number}`;
        const address = `10.9.0.${number}`;
        const addresses = [`${address}/16`];
        const port = await createVethPort(cleanup, { name, vm: namespace, mac, addresses });
        await run('ip', ['link', 'set', name, 'master', bridge]);
        const vm: Vm = { name, number, mac, address, namespace, port };
        await setOffloads(vm, 'tx', 'on', 'txvlan', 'off');
        return guestOf(vm, ovs.runDir);
      };
      const guests = [await add(1), await add(2)] as const;
      await giveTunnels(...guests);
      await giveIpv6(...guests);
      return new KernelBed(cleanup, guests, `${pinPath}-${names.next('p')}`);
    } catch (error) {
      await cleanup.run();
      throw error;
    }
  }

  /**
   * The kernel datapath of Open vSwitch, on a node in the namespace of this process, which loads the table. Guests
   * have all offloads and a VLAN device. Stopping it deletes the bridge, whose datapath would outlive
   * ovs-vswitchd.
   */
  static async onOpenVswitch(node: TestNode): Promise<KernelBed> {
    const cleanup = new Cleanup();
    cleanup.add({
      name: `bridge ${BRIDGE}`,
      undo: async () => {
        await node.ovs.vsctl('--if-exists', 'del-br', BRIDGE);
      },
      undoNow: () => undefined,
    });
    const { runDir } = node.ovs;
    const vms = [await node.addVm(1), await node.addVm(2)] as const;
    const guests = [await guestOf(vms[0], runDir), await guestOf(vms[1], runDir)] as const;
    for (const vm of vms) await setOffloads(vm, 'tx', 'on', 'tso', 'on', 'gro', 'on');
    await node.introduce(...vms);
    await giveTunnels(...guests);
    await giveVlan(...guests);
    const between = [
      [1, 2],
      [2, 1],
    ].map(([from, to]) => `in_port=${from},actions=output:${to}`);
    await node.ovs.ofctl('del-flows', BRIDGE);
    for (const rule of between) await node.ovs.ofctl('add-flow', BRIDGE, rule);
    return new KernelBed(cleanup, guests, node.pinPath);
  }

  /** Both ends, with a port number that no other stream uses. */
  ends(): Ends {
    this.#port += 2;
    return { sender: this.sender.end, receiver: this.receiver.end, port: this.#port };
  }

  /** The NIC table, with entries for IP packets in both directions, also of the VLAN. */
  async startTable(name: TableName): Promise<ProgramBackend> {
    const program = name === 'xdp' ? 'xdp' : 'tcx';
    const objectPath = join(packageRoot(), 'dist/adapters/nic', program, 'norikae.bpf.o');
    const options = { ...BACKEND, pinPath: this.#pinPath, objectPath };
    const backend =
      name === 'xdp' ? xdpTable({ ...options, mode: 'native' }) : ingressTable(name, options);
    try {
      await backend.start(this.#ports(), AbortSignal.timeout(START_MS));
      await backend.renewLease(monotonicMs());
      await this.install(backend);
      return backend;
    } catch (error) {
      await backend.close('withdraw');
      throw error;
    }
  }

  /**
   * Puts the entries into a table that has lost them. `flows`: other ones, whose ids have 0 in `w2` for packets from the
   * sender, and 1 for those from the receiver.
   */
  async install(
    backend: ProgramBackend,
    flows: readonly FlowSpec[] = this.#flows(),
  ): Promise<void> {
    const puts = flows.map((flow) => ({ kind: 'put' as const, flow }));
    const results = await backend.apply(puts, AbortSignal.timeout(START_MS));
    const refused = results.find(({ ok }) => !ok);
    if (refused !== undefined) throw new TypeError(`not installed: ${JSON.stringify(refused)}`);
  }

  /** Whether a table serves both ports for all entries, after another look at the devices. */
  async isServedBy(backend: ProgramBackend): Promise<boolean> {
    await backend.portsChanged(this.#ports());
    return this.#flows().every((flow) => backend.supports(flow).ok);
  }

  async stop(): Promise<void> {
    await this.#cleanup.run();
  }

  #flows(): readonly FlowSpec[] {
    const [a, b] = [this.sender.vm.name, this.receiver.vm.name];
    return [
      [a, b],
      [b, a],
    ].flatMap(([inPort, output], direction) =>
      MATCHES.map((fields, i) => ({
        id: { w0: 1, w1: 1, w2: direction, w3: i },
        match: { inPort, fields, opaque: [] },
        actions: [{ kind: 'output' as const, port: output }],
      })),
    );
  }

  #ports(): PortSnapshot {
    const infoOf = ({ vm }: Guest): PortInfo => ({
      name: vm.name,
      uuid: vm.name,
      ifindex: vm.port.ifindex,
      bridge: 'kernel',
      datapath: 'kernel',
      kind: 'vm',
      mac: vm.mac,
      vm: undefined,
      slice: undefined,
      linkBitsPerSecond: undefined,
      shaped: false,
      policed: false,
    });
    return new Map([this.sender, this.receiver].map((guest) => [guest.vm.name, infoOf(guest)]));
  }
}

/** What entries have carried. */
export interface Carried {
  readonly packets: number;
  readonly bytes: number;
}

/** What a table's entries from the sender to the receiver have carried since the last call. */
export async function carriedSince(backend: ProgramBackend): Promise<Carried> {
  let [packets, bytes] = [0, 0];
  await backend.counters(
    {
      carried: (_w0, _w1, direction, _w3, morePackets, moreBytes) => {
        if (direction !== 0) return;
        packets += morePackets;
        bytes += moreBytes;
      },
    },
    AbortSignal.timeout(COUNTERS_MS),
  );
  return { packets, bytes };
}

const MATCHES: readonly (readonly FieldMatch[])[] = [
  [exactly('eth_type', 0x0800)],
  [exactly('eth_type', 0x86dd)],
  [exactly('eth_type', 0x0800), exactly('vlan_tpid', 0x8100), exactly('vlan_vid', VLAN)],
];

function exactly(field: FieldName, number: number): FieldMatch {
  const mask = exactMask(field);
  const value = Uint8Array.from(mask, (_, i) => (number >> (8 * (mask.length - 1 - i))) & mask[i]);
  return { field, value, mask };
}
