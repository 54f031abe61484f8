import { release } from 'node:os';

/** Whether a kernel is of this version of Linux, or a later one. @param version as `uname -r` prints it */
export function isLinuxSince(major: number, minor: number, version = release()): boolean {
  const [ofMajor = 0, ofMinor = 0] = version.split('.').map(Number);
  return ofMajor > major || (ofMajor === major && ofMinor >= minor);
}
