import { ProcessTrouble } from '../../testbed/managed-process.ts';
import type { OvsInstance } from '../../testbed/ovs.ts';

/** Process id of ovs-vswitchd. @throws {ProcessTrouble} when it does not run */
export function vswitchPid({ vswitchdPid }: OvsInstance): number {
  if (vswitchdPid === undefined) throw new ProcessTrouble('ovs-vswitchd does not run');
  return vswitchdPid;
}

/** Name and version of ovs-vswitchd. */
export async function vswitchVersion(ovs: OvsInstance): Promise<string> {
  return (await ovs.appctl('version')).split('\n')[0].trim();
}
