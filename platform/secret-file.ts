import type { Stats } from 'node:fs';
import { fileErrorText } from './file-error.ts';
import { type FileReader, FileReadTimeout, NotARegularFile } from './regular-file.ts';

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

/** A file with secrets, and how to read it. */
export interface SecretFile {
  readonly path: string;
  /** Its configuration key, for messages: `http.tokenFile`. */
  readonly setting: string;
  readonly reader: FileReader;
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Reads a file with secrets, which other users must not be able to access.
 *
 * @throws SecretFileUnusable, with a FileReadTimeout as its cause when the file system does not answer
 * @throws SecretFileExposed
 */
export async function readSecretFile(file: SecretFile): Promise<Buffer> {
  const { path, setting, reader, ...bounds } = file;
  const check = (status: Stats): void => checkAccess(path, setting, status);
  try {
    return await reader.read({ path, maxBytes: MAX_BYTES, check, ...bounds });
  } catch (error) {
    if (error instanceof SecretFileExposed) throw error;
    throw new SecretFileUnusable(problemOf(error, path, setting), { cause: error });
  }
}

/**
 * Reads a file with one secret: its only line, without the newline.
 *
 * @throws SecretFileUnusable, SecretFileExposed like {@link readSecretFile}; no message contains the
 * file's content
 */
export async function readSecretLine(file: SecretFile): Promise<string> {
  const line = (await readSecretFile(file)).toString('utf8').replace(/\r?\n$/, '');
  if (line !== '' && !/\p{Cc}/u.test(line)) return line;
  throw new SecretFileUnusable(
    `${file.path} ("${file.setting}") must contain one line with the secret`,
  );
}

function problemOf(error: unknown, path: string, setting: string): string {
  if (error instanceof NotARegularFile) {
    return `${path} ("${setting}") must be a regular file of at most ${MAX_BYTES} bytes`;
  }
  if (error instanceof FileReadTimeout) return `cannot read "${setting}": ${error.message}`;
  return `cannot read ${path} ("${setting}"): ${fileErrorText(error)}`;
}

function checkAccess(path: string, setting: string, { mode, uid }: Stats): void {
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
