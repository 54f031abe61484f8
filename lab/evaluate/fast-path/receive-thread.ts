import { readdir, readFile } from 'node:fs/promises';
import type { Namespace } from '../../testbed/namespace.ts';
import { waitFor } from '../../testbed/wait.ts';

const FIND_MS = 5_000;

/**
 * Has a thread of the kernel process what `eth0` receives, forwarded packets included, in place of
 * its senders: the processor of a VM, whose CPU time is counted apart.
 *
 * The device must have GRO on (`Documentation/networking/napi.rst`, threaded NAPI).
 *
 * @returns pid of the thread
 */
export async function threadReceive(vm: Namespace): Promise<number> {
  const before = new Set(await receiveThreads());
  await vm.exec('sh', ['-c', 'echo 1 > /sys/class/net/eth0/threaded']);
  const started = async () => (await receiveThreads()).find((pid) => !before.has(pid));
  return waitFor('the receive thread of eth0', started, { timeoutMs: FIND_MS });
}

async function receiveThreads(): Promise<readonly number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    if ((await commandOf(pid))?.startsWith('napi/eth0-') === true) found.push(pid);
  }
  return found;
}

/** Undefined after the process has ended. */
async function commandOf(pid: number): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${pid}/comm`, 'latin1');
  } catch {
    return undefined;
  }
}
