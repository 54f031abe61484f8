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

/**
 * Makes a NIC's first virtual function; resolves to the name of its device, which has the address from
 * the start: the driver takes it when it is bound.
 */
export async function makeVirtualFunction(nic: string, mac: string): Promise<string> {
  const device = `/sys/class/net/${nic}/device`;
  await run('ip', ['link', 'set', nic, 'up']);
  await writeFile(`${device}/sriov_numvfs`, '1');
  await run('ip', ['link', 'set', nic, 'vf', '0', 'mac', mac]);
  const slot = basename(await readlink(`${device}/virtfn0`));
  const driver = '/sys/bus/pci/drivers/igbvf';
  await waitFor('the driver of the virtual function', async () => bound(driver, slot), SLOW);
  await writeFile(`${driver}/unbind`, slot);
  await writeFile(`${driver}/bind`, slot);
  const names = `${device}/virtfn0/net`;
  const [name] = await waitFor('the device of the virtual function', () => filled(names), SLOW);
  return name;
}

async function driverOf(name: string): Promise<string | undefined> {
  try {
    return basename(await readlink(`/sys/class/net/${name}/device/driver`));
  } catch {
    return undefined;
  }
}

async function bound(driver: string, slot: string): Promise<true | undefined> {
  return (await readdir(driver)).includes(slot) || undefined;
}

async function filled(folder: string): Promise<readonly string[] | undefined> {
  try {
    const names = await readdir(folder);
    return names.length > 0 ? names : undefined;
  } catch {
    return undefined;
  }
}
