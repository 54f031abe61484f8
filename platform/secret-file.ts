import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { fileErrorText } from './file-error.ts';

/** A file with secrets cannot be read, or does not have what it must have. */
export class SecretFileUnusable extends Error {
  override readonly name = 'SecretFileUnusable';
}

/** Others on the machine can read a file with secrets, or change it. */
export class SecretFileExposed extends Error {
  override readonly name = 'SecretFileExposed';
}

/** What of a file's mode must not be there: the group may read, and others nothing. */
const TOO_OPEN = 0o027;
/** Something else was named when a file is larger than this, bytes. */
const MAX_BYTES = 1024 * 1024;

/**
 * Reads a file that others must not see.
 *
 * @param setting that names it, for messages: `http.tokenFile`
 * @throws SecretFileUnusable, SecretFileExposed
 */
export function readSecretFile(path: string, setting: string): Buffer {
  let file: number | undefined;
  try {
    // A named pipe would be waited for.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    check(path, setting, file);
    return readFileSync(file);
  } catch (error) {
    if (error instanceof SecretFileExposed || error instanceof SecretFileUnusable) throw error;
    throw new SecretFileUnusable(`cannot read ${path} ("${setting}"): ${fileErrorText(error)}`, {
      cause: error,
    });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * Reads a file that has one secret and nothing else: its line, without the end.
 *
 * @throws SecretFileUnusable, SecretFileExposed; no message has what is in the file
 */
export function readSecretLine(path: string, setting: string): string {
  const line = readSecretFile(path, setting)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (line !== '' && !/\p{Cc}/u.test(line)) return line;
  throw new SecretFileUnusable(`${path} ("${setting}") must contain one line with the secret`);
}

function check(path: string, setting: string, file: number): void {
  const status = fstatSync(file);
  const { mode, uid, size } = status;
  if (!status.isFile() || size > MAX_BYTES) {
    throw new SecretFileUnusable(
      `${path} ("${setting}") must be a regular file of at most ${MAX_BYTES} bytes`,
    );
  }
  if ((mode & TOO_OPEN) !== 0) {
    const octal = (mode & 0o777).toString(8).padStart(4, '0');
    throw new SecretFileExposed(
      `${path} ("${setting}") has mode ${octal}: others can access it; run "chmod 0600 ${path}"`,
    );
  }
  const own = process.getuid?.() ?? uid;
  if (uid !== 0 && uid !== own) {
    throw new SecretFileExposed(
      `${path} ("${setting}") is owned by user ${uid}; change the owner to root or to user ${own}`,
    );
  }
}
