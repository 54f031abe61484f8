import { readFile } from 'node:fs/promises';
import type { SequenceChecks } from '../../../../engine/ports/connection-tracker.ts';
import { errorCode } from '../../../../text/error-message.ts';

/** Reads a setting of conntrack; undefined where the kernel has none of this name. */
export type ReadSetting = (name: string) => Promise<string | undefined>;

/** Whether conntrack accepts TCP packets whose sequence numbers it did not expect. */
export const TCP_LIBERAL = 'nf_conntrack_tcp_be_liberal';

/** Settings of conntrack in the network namespace of this process. */
const FOLDER = '/proc/sys/net/netfilter';

/** Reads `/proc/sys/net/netfilter/NAME`, which never blocks. */
export async function readSetting(name: string): Promise<string | undefined> {
  try {
    return await readFile(`${FOLDER}/${name}`, 'latin1');
  } catch (error) {
    // The module nf_conntrack is not loaded.
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** @param liberal value of {@link TCP_LIBERAL} */
export function kernelSequenceChecks(liberal: string | undefined): SequenceChecks {
  const value = liberal?.trim();
  if (value === undefined || !/^\d+$/.test(value)) return 'unknown';
  return value === '0' ? 'on' : 'off';
}
