import { readFileSync, statSync } from 'node:fs';
import { fileErrorText } from '../file-error.ts';

/** A file with secrets cannot be read, or does not have what it must have. */
export class SecretFileUnusable extends Error {
  override readonly name = 'SecretFileUnusable';
}

/** Everybody on the machine can read a file with secrets, or change it. */
export class SecretFileExposed extends Error {
  override readonly name = 'SecretFileExposed';
}

/**
 * Reads a file that others must not see.
 *
 * @param setting that names it, for messages: `http.tokenFile`
 * @throws SecretFileUnusable, SecretFileExposed
 */
export function readSecretFile(file: string, setting: string): Buffer {
  try {
    const { mode } = statSync(file);
    if ((mode & 0o007) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      throw new SecretFileExposed(
        `${file} ("${setting}") has mode ${octal}: everybody may use it; run "chmod 0600 ${file}"`,
      );
    }
    return readFileSync(file);
  } catch (error) {
    if (error instanceof SecretFileExposed) throw error;
    throw new SecretFileUnusable(`cannot read ${file} ("${setting}"): ${fileErrorText(error)}`, {
      cause: error,
    });
  }
}
