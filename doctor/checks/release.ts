/** Whether a release of Linux, as `uname -r` prints it, is at least `major.minor`. */
export function isAtLeast(release: string, major: number, minor: number): boolean {
  const [ours = 0, oursMinor = 0] = release.split(/[.-]/).map(Number);
  return ours > major || (ours === major && oursMinor >= minor);
}
