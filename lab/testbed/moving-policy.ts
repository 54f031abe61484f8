import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Writes a policy that requests offload for every flow that sends, so that the planner alone decides.
 *
 * @param folder for the file, such as the node's run directory
 * @returns path of the file
 */
export async function writeMovingPolicy(folder: string): Promise<string> {
  const file = join(folder, 'moving.json');
  const moving = { fact: 'lastPacketsPerSecond', operator: 'greaterThan', value: 0 };
  const rules = [{ name: 'moving', conditions: { all: [moving] }, event: { type: 'offload' } }];
  await writeFile(file, JSON.stringify({ name: 'moving', version: '1.0.0', rules }));
  return file;
}
