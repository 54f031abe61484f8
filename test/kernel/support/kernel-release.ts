import { release } from 'node:os';

/** True on a kernel of at least this release. */
export function isAtLeast(major: number, minor: number): boolean {
  const [ours = 0, ourMinor = 0] = release().split('.').map(Number);
  return ours > major || (ours === major && ourMinor >= minor);
}
