import type { Hello } from '../codec/session.ts';
import { isVersion, OF10, OF13, type Version } from '../codec/version.ts';
import { NoCommonVersion } from './errors.ts';

/** Versions to offer when `max` is the highest allowed, ascending. */
export function offeredVersions(max: Version): readonly Version[] {
  return max === OF13 ? [OF10, OF13] : [OF10];
}

/**
 * The version for both sides (OpenFlow 1.3.5, section 6.3.1): the highest one in both bitmaps;
 * without a bitmap, the smaller of both headers' versions.
 *
 * @param peerVersion wire version in the header of the switch's hello
 * @throws NoCommonVersion
 */
export function negotiate(offered: readonly Version[], peerVersion: number, hello: Hello): Version {
  const max = offered[offered.length - 1];
  if (hello.versions !== undefined) {
    const bitmap = hello.versions;
    const common = offered.filter((version) => bitmap.includes(version)).at(-1);
    if (common !== undefined) return common;
    throw new NoCommonVersion(offered, bitmap.map((wire) => `1.${wire - 1}`).join(', '));
  }
  const lower = Math.min(max, peerVersion);
  if (isVersion(lower) && offered.includes(lower)) return lower;
  throw new NoCommonVersion(offered, `1.${peerVersion - 1} and below`);
}
