/** The CPU times could not be read. */
export class HostUnreadable extends Error {
  override readonly name = 'HostUnreadable';
  constructor(path: string, detail: string) {
    super(`cannot read the CPU times from ${path}: ${detail}`);
  }
}
