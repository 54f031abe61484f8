import { readFile } from 'node:fs/promises';
import { endianness, release } from 'node:os';
import type { SystemFacts } from '../model/facts.ts';
import { see } from './see.ts';

/** The kernel and the process. */
export async function systemFacts(): Promise<SystemFacts> {
  return {
    release: release(),
    littleEndian: endianness() === 'LE',
    isRoot: process.getuid?.() === 0,
    capabilities: await see('the capabilities of this process', async () =>
      capabilitiesIn(await readFile('/proc/self/status', 'latin1')),
    ),
  };
}

/** The effective capabilities in the text of proc_pid_status(5). */
export function capabilitiesIn(status: string): bigint {
  const digits = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (digits === undefined) throw new NoCapabilities();
  return BigInt(`0x${digits}`);
}

/** The kernel does not report the capabilities of the process. */
class NoCapabilities extends Error {
  override readonly name = 'NoCapabilities';

  constructor() {
    super('/proc/self/status has no line CapEff: is /proc mounted?');
  }
}
