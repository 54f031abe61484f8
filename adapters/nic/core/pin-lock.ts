import { closeSync, constants, openSync } from 'node:fs';
import koffi from 'koffi';
import { PinPathInUse, SystemCallFailed } from './errors.ts';
import { createPinDirectory } from './pin-directory.ts';

const LOCK_EXCLUSIVE = 2;
const LOCK_NO_WAIT = 4;
const EWOULDBLOCK = 11;

/**
 * Holds a pin directory for this process: an flock on the directory itself, which the kernel
 * releases when the process ends for any reason.
 */
export class PinLock {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * Creates the directory and locks it.
   *
   * @throws {NoBpfFileSystem} {@link PinPathInUse}
   */
  static acquire(pinPath: string): PinLock {
    createPinDirectory(pinPath);
    const fd = openSync(pinPath, constants.O_RDONLY | constants.O_DIRECTORY);
    const flock = koffi.load(null).func('int flock(int fd, int operation)');
    const result: number = flock(fd, LOCK_EXCLUSIVE | LOCK_NO_WAIT);
    if (result === 0) return new PinLock(fd);
    const errno = koffi.errno();
    closeSync(fd);
    if (errno === EWOULDBLOCK) throw new PinPathInUse(pinPath);
    throw new SystemCallFailed('flock', errno, pinPath);
  }

  release(): void {
    closeSync(this.#fd);
  }
}
