import { isLinuxSince } from '../core/linux-release.ts';

/** First Linux whose tc can set the flag DF of the outer header of a tunnel; earlier ones ignore that. */
const DF_SINCE = [6, 4] as const;

/** Whether this kernel's tc can set the flag DF of the outer header of a tunnel. */
export function canForbidFragments(version?: string): boolean {
  return isLinuxSince(...DF_SINCE, version);
}
