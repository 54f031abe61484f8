import type { Cleanup, Undo } from './cleanup.ts';
import type { Namespace } from './namespace.ts';
import { run, runNow } from './run.ts';

/** Options of a VM's port. */
export interface VethOptions {
  /** Name of the host's end: the port of the vSwitch. */
  readonly name: string;
  /** Namespace of the VM's end, which is its `eth0`. */
  readonly vm: Namespace;
  /** Namespace of the host's end; default: ours. */
  readonly host?: Namespace | undefined;
  /** MAC address of the VM's end. */
  readonly mac: string;
  /** Addresses of the VM's end, with prefix length. */
  readonly addresses: readonly string[];
  /** Bytes; default 1,500. */
  readonly mtu?: number;
  /** Leave the transmit offloads of the VM's end on: segments of TCP stay whole; default: off. */
  readonly transmitOffloads?: boolean;
  /** Requested interface index of the host's end. */
  readonly ifindex?: number;
}

/** The two ends of a veth pair. */
export interface VethPort {
  readonly name: string;
  readonly ifindex: number;
  readonly mac: string;
  readonly vm: Namespace;
  /** Deletes the pair; no error when it does not exist. */
  delete(): Promise<void>;
}

/**
 * Creates a veth pair between a VM (a namespace) and the host, up on both ends.
 *
 * The VM's end has GRO on, because XDP on the host can only redirect to a veth whose peer runs
 * NAPI, and by default transmit offloads off, because no device on the way computes the checksums. There
 * are no link-local addresses: only the test's packets are on the wire.
 */
export async function createVethPort(cleanup: Cleanup, options: VethOptions): Promise<VethPort> {
  const { name, vm, host, mac } = options;
  const mtu = options.mtu ?? 1_500;
  const inHost = host === undefined ? [] : ['-n', host.name];
  const index = options.ifindex === undefined ? '' : `index ${options.ifindex}`;
  const peer = `peer name eth0 address ${mac} mtu ${mtu} netns ${vm.name}`;
  await batch(inHost, [`link add ${name} ${index} mtu ${mtu} type veth ${peer}`]);

  const undo: Undo = {
    name: `veth ${name}`,
    undo: () => deleteIfThere(inHost, name),
    undoNow: () => runNow('ip', [...inHost, 'link', 'del', name]),
  };
  cleanup.add(undo);

  const tx = options.transmitOffloads === true ? 'on' : 'off';
  await vm.exec('ethtool', ['-K', 'eth0', 'gro', 'on', 'tx', tx]);
  await batch(
    ['-n', vm.name],
    [
      'link set eth0 addrgenmode none',
      ...options.addresses.map(
        (address) => `address add ${address} dev eth0 ${address.includes(':') ? 'nodad' : ''}`,
      ),
      'link set eth0 up',
    ],
  );
  // Last, because the kernel checks whether the peer runs NAPI when the device comes up
  // (`drivers/net/veth.c`).
  const shown = await batch(inHost, [
    `link set ${name} addrgenmode none`,
    `link set ${name} up`,
    `link show ${name}`,
  ]);
  return {
    name,
    ifindex: Number.parseInt(shown, 10),
    mac,
    vm,
    delete: async () => {
      cleanup.remove(undo);
      await deleteIfThere(inHost, name);
    },
  };
}

/** Runs `ip` commands, one per line, in one process, up to the first failure. */
function batch(where: readonly string[], lines: readonly string[]): Promise<string> {
  return run('ip', [...where, '-o', '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

async function deleteIfThere(inHost: readonly string[], name: string): Promise<void> {
  try {
    await run('ip', [...inHost, 'link', 'del', name]);
  } catch (error) {
    const links = await run('ip', [...inHost, '-o', 'link']).catch(() => '');
    if (new RegExp(`: ${name}[@:]`).test(links)) throw error;
  }
}
