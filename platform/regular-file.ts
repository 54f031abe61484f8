import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';

/** A larger file is not a certificate or a chain of them, bytes. */
export const MAX_CERTIFICATE_BYTES = 1024 * 1024;

/** A path names something other than a regular file, such as a named pipe, or a file that is too large. */
export class NotARegularFile extends Error {
  override readonly name = 'NotARegularFile';

  constructor(path: string, maxBytes: number) {
    super(`${path} must be a regular file of at most ${maxBytes} bytes`);
  }
}

/**
 * Reads a small file without waiting for anything but its file system: opening a named pipe or reading
 * a terminal would block.
 *
 * @param check called with the status of the opened file before it is read
 * @throws NotARegularFile, the system's errors, and what `check` throws
 */
export function readRegularFile(
  path: string,
  maxBytes: number,
  check: (status: Stats) => void = () => {},
): Buffer {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = fstatSync(file);
    if (!status.isFile() || status.size > maxBytes) throw new NotARegularFile(path, maxBytes);
    check(status);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}
