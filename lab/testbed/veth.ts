import type { Cleanup, Undo } from './cleanup.ts';
import type { Namespace } from './namespace.ts';
import { run, runNow } from './run.ts';

/** What a VM's port is made with. */
export interface VethOptions {
  /** Name of the host's end: the port of the vSwitch. */
  readonly name: string;
  /** Where the VM's end goes, as `eth0`. */
  readonly vm: Namespace;
  /** Where the host's end goes; our own namespace when not given. */
  readonly host?: Namespace | undefined;
  /** MAC address of the VM's end. */
  readonly mac: string;
  /** Addresses of the VM's end, with prefix length. */
  readonly addresses: readonly string[];
  /** Bytes; 1,500 when not given. */
  readonly mtu?: number;
  /** Ask for this interface index on the host's end. */
  readonly ifindex?: number;
}

/** The two ends of a veth pair. */
export interface VethPort {
  readonly name: string;
  readonly ifindex: number;
  readonly mac: string;
  readonly vm: Namespace;
  /** Deletes the pair; no error when it is gone. */
  delete(): Promise<void>;
}

/**
 * Makes a veth pair between a VM (a namespace) and the host, up on both ends.
 *
 * The VM's end has GRO on, for XDP on the host can only redirect to a veth whose peer runs NAPI,
 * and transmit offloads off, since no device on the way fills in the checksums. There
 * are no link-local addresses: only what a test sends is on the wire.
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

  await vm.exec('ethtool', ['-K', 'eth0', 'gro', 'on', 'tx', 'off']);
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
  // Last: as it comes up, the kernel notes whether the peer runs NAPI (`drivers/net/veth.c`).
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

/** Runs commands of `ip`, one a line, in one process, up to the first that fails. */
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
