import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { SoftwareNic } from '../../../../../lab/nic-module/nic.ts';
import { Cleanup } from '../../../../../lab/testbed/cleanup.ts';
import { NameMaker } from '../../../../../lab/testbed/names.ts';
import { Namespace } from '../../../../../lab/testbed/namespace.ts';
import { run } from '../../../../../lab/testbed/run.ts';
import { eventually } from '../../../../support/eventually.ts';

/** Addresses of the VM's paravirtual interface and of its virtual function. */
export const VM_MAC = '02:00:00:00:00:01';
export const VF_MAC = '02:0f:00:00:00:01';
export const VM_ADDRESS = '10.77.0.1';
export const PEER_ADDRESS = '10.77.0.9';
const PEER_MAC = '02:09:00:00:00:09';
/** Bridge in place of the vSwitch; other suites in the guest leave a datapath with a `br0`. */
const BRIDGE = 'vfbr0';
/** Its port, and the VM's own device behind it. */
export const VM_PORT = 'vm1';
const VM_DEVICE = 'vmeth';
const SLOW_MS = 60_000;
/** Bytes of a datagram, and of the frame that has it. What the kernel sends of its own is smaller. */
const DATAGRAM_BYTES = 600;
const FRAME_BYTES = 14 + 20 + 8 + DATAGRAM_BYTES;

/** Datagrams by the way on which they came or went. */
export interface Ways {
  readonly vf: number;
  readonly vswitch: number;
}

/**
 * A VM with a virtual function of the NIC in software, and a peer at the far end of the wire. The VM is in this
 * network namespace, and a bridge of the kernel stands for the vSwitch. A second virtual function is in a
 * namespace of its own.
 */
export class VfRig {
  readonly nic: SoftwareNic;
  readonly uplink: string;
  readonly peer: Namespace;
  /** Its `eth0` is the second virtual function. */
  readonly second: Namespace;
  readonly #cleanup: Cleanup;
  readonly #vf: string;

  private constructor(nic: SoftwareNic, peer: Namespace, second: Namespace, cleanup: Cleanup) {
    this.nic = nic;
    this.uplink = nic.devices.uplink;
    this.peer = peer;
    this.second = second;
    this.#cleanup = cleanup;
    [this.#vf] = nic.devices.functions;
  }

  static async start(): Promise<VfRig> {
    const cleanup = new Cleanup();
    try {
      await run('modprobe', ['-a', 'veth', 'bridge', 'act_skbedit', 'act_mirred', 'cls_flower']);
      const nic = await SoftwareNic.load(cleanup, { vfs: 2, legacy: 1 });
      const names = new NameMaker();
      const peer = await Namespace.create(cleanup, names);
      const second = await Namespace.create(cleanup, names);
      const { uplink, wire, functions } = nic.devices;
      const [vf, other] = functions;
      cleanup.add({
        name: 'bridge and VM',
        undo: async () =>
          void (await run('sh', ['-c', `ip link del ${BRIDGE}; ip link del ${VM_PORT}; true`])),
        undoNow: () => {},
      });
      const script = `
        silent='for name in all default; do echo 1 > /proc/sys/net/ipv6/conf/$name/disable_ipv6; done'
        sh -c "$silent"
        for name in ${peer.name} ${second.name}; do ip netns exec $name sh -c "$silent"; done
        ip link add ${BRIDGE} type bridge
        ip link add ${VM_PORT} type veth peer name ${VM_DEVICE} address ${VM_MAC}
        for device in ${uplink} ${VM_PORT}; do ip link set $device master ${BRIDGE} up; done
        ip link set ${vf} address ${VF_MAC}
        for device in ${BRIDGE} ${VM_DEVICE} ${vf}; do ip link set $device up; done
        ip addr add ${VM_ADDRESS}/24 dev ${VM_DEVICE}
        ip neigh replace ${PEER_ADDRESS} lladdr ${PEER_MAC} dev ${VM_DEVICE}
        ip link set ${wire} netns ${peer.name} name eth0 address ${PEER_MAC}
        ip -n ${peer.name} addr add ${PEER_ADDRESS}/24 dev eth0
        ip -n ${peer.name} link set eth0 up
        ip -n ${peer.name} neigh replace ${VM_ADDRESS} lladdr ${VM_MAC} dev eth0
        ip link set ${other} netns ${second.name} name eth0
        ip -n ${second.name} link set eth0 up`;
      await run('sh', ['-ec', script], { timeoutMs: SLOW_MS });
      return new VfRig(nic, peer, second, cleanup);
    } catch (error) {
      await cleanup.run();
      throw error;
    }
  }

  /** The peer sends datagrams to a port of the VM, which gets all of them; resolves to their ways. */
  async receive(port: number, count: number): Promise<Ways> {
    const socket = createSocket('udp4');
    let got = 0;
    socket.on('message', () => got++);
    try {
      await new Promise<void>((resolve) => socket.bind(port, VM_ADDRESS, resolve));
      return await this.#waysOf('rx', async () => {
        const script = `for i in $(seq ${count}); do printf %${DATAGRAM_BYTES}s > /dev/udp/${VM_ADDRESS}/${port}; done`;
        await this.peer.exec('bash', ['-c', script]);
        await eventually(`${count} datagrams at port ${port}`, () => got === count, SLOW_MS);
      });
    } finally {
      socket.close();
    }
  }

  /** The VM sends datagrams to a port of the peer; resolves to their ways. */
  async send(port: number, count: number): Promise<Ways> {
    const socket = createSocket('udp4');
    try {
      await new Promise<void>((resolve) => socket.bind(0, VM_ADDRESS, resolve));
      const send = promisify<string, number, string>(socket.send.bind(socket));
      return await this.#waysOf('tx', async () => {
        for (let n = 0; n < count; n++) await send('x'.repeat(DATAGRAM_BYTES), port, PEER_ADDRESS);
      });
    } finally {
      socket.close();
    }
  }

  /** Bytes that have come to the peer's end of the wire. */
  async bytesAtPeer(): Promise<number> {
    const file = '/sys/class/net/eth0/statistics/rx_bytes';
    return Number(await this.peer.exec('cat', [file]));
  }

  async secondHasLink(): Promise<boolean> {
    return (await this.second.exec('cat', ['/sys/class/net/eth0/carrier'])).trim() === '1';
  }

  async stop(): Promise<void> {
    await this.#cleanup.run();
  }

  /** What is redirected counts at the VF alone, both when it arrives and when it leaves. */
  async #waysOf(way: 'rx' | 'tx', task: () => Promise<void>): Promise<Ways> {
    const bytes = (device: string): number =>
      Number(readFileSync(`/sys/class/net/${device}/statistics/${way}_bytes`, 'utf8'));
    const [vf, vswitch] = [bytes(this.#vf), bytes(VM_DEVICE)];
    await task();
    const frames = (device: string, before: number): number =>
      Math.floor((bytes(device) - before) / FRAME_BYTES);
    return { vf: frames(this.#vf, vf), vswitch: frames(VM_DEVICE, vswitch) };
  }
}
