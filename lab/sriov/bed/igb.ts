import { readdir, readlink, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { run } from '../../testbed/run.ts';
import { waitFor } from '../../testbed/wait.ts';

const MODULES = ['openvswitch', 'igb', 'igbvf', 'cls_flower', 'act_mirred', 'act_skbedit'];
const SLOW = { timeoutMs: 60_000 };

/** The machine does not have the two NICs of the experiment. */
export class NoIgb extends Error {
  override readonly name = 'NoIgb';

  constructor(found: readonly string[]) {
    super(`the machine has ${found.length} NICs of the driver igb (${found.join(', ')}), not two`);
  }
}

/**
 * Loads the drivers; resolves to the names of the two NICs.
 *
 * @throws {NoIgb}
 */
export async function loadIgb(): Promise<readonly [string, string]> {
  await run('modprobe', ['-a', ...MODULES], SLOW);
  const found: string[] = [];
  for (const name of await readdir('/sys/class/net')) {
    if ((await driverOf(name)) === 'igb') found.push(name);
  }
  const [first, second] = found.sort();
  if (found.length !== 2) throw new NoIgb(found);
  return [first, second];
}

const VF_DRIVER = '/sys/bus/pci/drivers/igbvf';

/** A virtual function, which can be unplugged from its machine and plugged in again. */
export class PluggedVf {
  readonly #slot: string;

  /** @param slot its address on the PCI bus */
  constructor(slot: string) {
    this.#slot = slot;
  }

  /** Removes its device, wherever that is. */
  async unplug(): Promise<void> {
    await writeFile(`${VF_DRIVER}/unbind`, this.#slot);
  }

  /** Makes its device; the driver takes the MAC address that the physical function has set. */
  async plug(): Promise<void> {
    await writeFile(`${VF_DRIVER}/bind`, this.#slot);
  }

  /** The name of its device in the namespace of the host. */
  async device(): Promise<string> {
    const names = `/sys/bus/pci/devices/${this.#slot}/net`;
    const [name] = await waitFor('the device of the virtual function', () => filled(names), SLOW);
    return name;
  }
}

/** Makes a NIC's first virtual function, which has the MAC address from the start. */
export async function makeVirtualFunction(nic: string, mac: string): Promise<PluggedVf> {
  const device = `/sys/class/net/${nic}/device`;
  await run('ip', ['link', 'set', nic, 'up']);
  await writeFile(`${device}/sriov_numvfs`, '1');
  await run('ip', ['link', 'set', nic, 'vf', '0', 'mac', mac]);
  const slot = basename(await readlink(`${device}/virtfn0`));
  await waitFor('the driver of the virtual function', async () => bound(slot), SLOW);
  const vf = new PluggedVf(slot);
  await vf.unplug();
  await vf.plug();
  return vf;
}

async function driverOf(name: string): Promise<string | undefined> {
  try {
    return basename(await readlink(`/sys/class/net/${name}/device/driver`));
  } catch {
    return undefined;
  }
}

async function bound(slot: string): Promise<true | undefined> {
  return (await readdir(VF_DRIVER)).includes(slot) || undefined;
}

async function filled(folder: string): Promise<readonly string[] | undefined> {
  try {
    const names = await readdir(folder);
    return names.length > 0 ? names : undefined;
  } catch {
    return undefined;
  }
}
