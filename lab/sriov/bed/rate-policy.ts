import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Above this rate a flow is to be offloaded, and below the other one to return, bit/s. */
const BUSY_BITS_PER_SECOND = 0.5e6;
const CALM_BITS_PER_SECOND = 0.35e6;

/** Name of the policy, and of its rules. */
export const RATE_POLICY = { name: 'rate', offload: 'busy', onload: 'calm' } as const;

/**
 * Writes the policy that moves the VM: a flow goes to the virtual function when its rate is high, and back
 * when it is low.
 *
 * @returns path of the file
 */
export async function writeRatePolicy(folder: string): Promise<string> {
  const file = join(folder, 'rate.json');
  const { name, offload, onload } = RATE_POLICY;
  const fact = 'bitsPerSecond';
  const rules = [
    {
      name: offload,
      priority: 10,
      conditions: { all: [{ fact, operator: 'greaterThan', value: BUSY_BITS_PER_SECOND }] },
      event: { type: 'offload' },
    },
    {
      name: onload,
      priority: 10,
      conditions: { all: [{ fact, operator: 'lessThan', value: CALM_BITS_PER_SECOND }] },
      event: { type: 'onload' },
    },
  ];
  await writeFile(file, JSON.stringify({ name, version: '1.0.0', rules }));
  return file;
}
