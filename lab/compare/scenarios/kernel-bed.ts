import { join } from 'node:path';
import { XdpBackend } from '../../../adapters/nic/xdp/backend.ts';
import { monotonicMs } from '../../../async/monotonic.ts';
import { exactMask } from '../../../engine/model/match.ts';
import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import { packageRoot } from '../../../platform/package-root.ts';
import { Cleanup } from '../../testbed/cleanup.ts';
import { Namespace } from '../../testbed/namespace.ts';
import type { TestNode, Vm } from '../../testbed/node.ts';
import { run, runNow } from '../../testbed/run.ts';
import { createVethPort } from '../../testbed/veth.ts';
import { giveIpv6, giveTunnels, type Guest, guestOf, setOffloads } from '../guest/guests.ts';
import type { Ends } from '../traffic/ends.ts';

const BACKEND = {
  entries: 64,
  masks: 8,
  mode: 'native',
  leaseMs: 600_000,
  heartbeatMs: 0,
} as const;
const START_MS = 10_000;

/**
 * Two guests on a bridge of the kernel: a vSwitch that keeps what the kernel knows about each packet,
 * as the kernel datapath of Open vSwitch does.
 */
export class KernelBed {
  readonly sender: Guest;
  readonly receiver: Guest;
  readonly #cleanup: Cleanup;
  readonly #pinPath: string;
  #port = 10_000;

  private constructor(cleanup: Cleanup, sender: Guest, receiver: Guest, pinPath: string) {
    this.#cleanup = cleanup;
    this.sender = sender;
    this.receiver = receiver;
    this.#pinPath = pinPath;
  }

  /** Starts it beside a node, whose run directory and names it uses. */
  static async start({ names, ovs, pinPath }: TestNode): Promise<KernelBed> {
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
      const guests: Guest[] = [];
      for (const number of [1, 2]) {
        const namespace = await Namespace.create(cleanup, names, 'v');
        const name = names.next('d');
        const mac = `02:29:00:00:00:0${number}`;
        const address = `10.9.0.${number}`;
        const addresses = [`${address}/16`];
        const port = await createVethPort(cleanup, { name, vm: namespace, mac, addresses });
        await run('ip', ['link', 'set', name, 'master', bridge]);
        const vm: Vm = { name, number, mac, address, namespace, port };
        await setOffloads(vm, 'tx', 'on', 'txvlan', 'off');
        guests.push(await guestOf(vm, ovs.runDir));
      }
      const [sender, receiver] = guests;
      await giveTunnels(sender, receiver);
      await giveIpv6(sender, receiver);
      return new KernelBed(cleanup, sender, receiver, `${pinPath}-${names.next('p')}`);
    } catch (error) {
      await cleanup.run();
      throw error;
    }
  }

  /** Both ends, with a port number that no other stream uses. */
  ends(): Ends {
    this.#port += 2;
    return { sender: this.sender.end, receiver: this.receiver.end, port: this.#port };
  }

  /** The NIC table, with entries that send all IP packets of the sender to the receiver. */
  async startBackend(): Promise<XdpBackend> {
    const objectPath = join(packageRoot(), 'dist/adapters/nic/xdp/norikae.bpf.o');
    const backend = new XdpBackend({ ...BACKEND, pinPath: this.#pinPath, objectPath });
    const signal = AbortSignal.timeout(START_MS);
    await backend.start(this.#ports(), signal);
    await backend.renewLease(monotonicMs());
    const puts = [0x0800, 0x86dd].map((type, i) => ({
      kind: 'put' as const,
      flow: {
        id: { w0: 1, w1: 1, w2: 1, w3: i },
        match: { inPort: this.sender.vm.name, fields: [ethType(type)], opaque: [] },
        actions: [{ kind: 'output' as const, port: this.receiver.vm.name }],
      },
    }));
    await backend.apply(puts, signal);
    return backend;
  }

  async stop(): Promise<void> {
    await this.#cleanup.run();
  }

  #ports(): PortSnapshot {
    const infoOf = ({ vm }: Guest): PortInfo => ({
      name: vm.name,
      uuid: vm.name,
      ifindex: vm.port.ifindex,
      bridge: 'kernel',
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

function ethType(type: number) {
  const value = Uint8Array.of(type >> 8, type & 0xff);
  return { field: 'eth_type' as const, value, mask: exactMask('eth_type') };
}
