import type { Stats } from 'node:fs';
import { fileErrorText } from './file-error.ts';
import { NotARegularFile, readRegularFile } from './regular-file.ts';

/** A file with secrets cannot be read, or its content is invalid. */
export class SecretFileUnusable extends Error {
  override readonly name = 'SecretFileUnusable';
}

/** Other users can read or change a file with secrets. */
export class SecretFileExposed extends Error {
  override readonly name = 'SecretFileExposed';
}

/** Mode bits that are not allowed: the group may only read, and others have no access. */
const TOO_OPEN = 0o027;
/** A larger file is not a file with secrets, bytes. */
const MAX_BYTES = 1024 * 1024;

/**
 * Reads a file with secrets, which other users must not be able to access.
 *
 * @param setting its configuration key, for messages: `http.tokenFile`
 * @throws SecretFileUnusable, SecretFileExposed
 */
export function readSecretFile(path: string, setting: string): Buffer {
  try {
    return readRegularFile(path, MAX_BYTES, (status) => check(path, setting, status));
  } catch (error) {
    if (error instanceof SecretFileExposed) throw error;
    if (error instanceof NotARegularFile) {
      throw new SecretFileUnusable(
        `${path} ("${setting}") must be a regular file of at most ${MAX_BYTES} bytes`,
        { cause: error },
      );
    }
    throw new SecretFileUnusable(`cannot read ${path} ("${setting}"): ${fileErrorText(error)}`, {
      cause: error,
    });
  }
}

/**
 * Reads a file with one secret: its only line, without the newline.
 *
 * @throws SecretFileUnusable, SecretFileExposed; no message contains the file's content
 */
export function readSecretLine(path: string, setting: string): string {
  const line = readSecretFile(path, setting)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (line !== '' && !/\p{Cc}/u.test(line)) return line;
  throw new SecretFileUnusable(`${path} ("${setting}") must contain one line with the secret`);
}

function check(path: string, setting: string, { mode, uid }: Stats): void {
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
