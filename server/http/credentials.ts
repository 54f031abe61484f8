import { createHash, timingSafeEqual } from 'node:crypto';
import { type PasswordHash, parsePasswordHash, PasswordHashInvalid } from './password-hash.ts';
import type { FileReader } from '../../platform/regular-file.ts';
import { readSecretFile, SecretFileUnusable } from '../../platform/secret-file.ts';

/** The token and users that may read over HTTP. */
export interface Credentials {
  /** SHA-256 of the bearer token, if one is configured. */
  readonly token: Buffer | undefined;
  /** Password hashes by user name. */
  readonly users: ReadonlyMap<string, PasswordHash>;
}

/** A shorter token could be guessed. Unit: characters. */
const MIN_TOKEN = 24;
const MAX_USERS = 1_000;

/**
 * Reads the configured files.
 *
 * @throws SecretFileUnusable, SecretFileExposed
 */
export async function readCredentials(
  files: { readonly tokenFile?: string; readonly users?: string },
  reader: FileReader,
): Promise<Credentials> {
  const { tokenFile, users } = files;
  // In turn: the reader reads one file at a time.
  const token = tokenFile === undefined ? undefined : await readToken(tokenFile, reader);
  return { token, users: users === undefined ? new Map() : await readUsers(users, reader) };
}

/** Whether a text is the token, compared in constant time. */
export function isToken({ token }: Credentials, text: string): boolean {
  return token !== undefined && timingSafeEqual(digest(text), token);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

async function readToken(file: string, reader: FileReader): Promise<Buffer> {
  const bytes = await readSecretFile({ path: file, setting: 'http.tokenFile', reader });
  const token = bytes.toString('utf8').trim();
  if (token.length < MIN_TOKEN || !/^[\x21-\x7e]+$/.test(token)) {
    throw new SecretFileUnusable(
      `${file} ("http.tokenFile") must contain one token of at least ${MIN_TOKEN} printable ` +
        `characters; generate one with "openssl rand -base64 32 > ${file}"`,
    );
  }
  return digest(token);
}

async function readUsers(
  file: string,
  reader: FileReader,
): Promise<ReadonlyMap<string, PasswordHash>> {
  const users = new Map<string, PasswordHash>();
  const bytes = await readSecretFile({ path: file, setting: 'http.users', reader });
  const lines = bytes.toString('utf8').split('\n');
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const at = line.indexOf(':');
    if (at < 1) throw new SecretFileUnusable(`${file}:${i + 1}: expected NAME:HASH`);
    const name = line.slice(0, at);
    if (users.has(name))
      throw new SecretFileUnusable(`${file}:${i + 1}: "${name}" is listed twice`);
    users.set(name, hashAt(`${file}:${i + 1}`, line.slice(at + 1).trim()));
  }
  if (users.size === 0 || users.size > MAX_USERS) {
    throw new SecretFileUnusable(
      `${file} ("http.users") must contain 1 to ${MAX_USERS} lines; "norikae hash-password" prints them`,
    );
  }
  return users;
}

function hashAt(place: string, text: string): PasswordHash {
  try {
    return parsePasswordHash(text);
  } catch (error) {
    if (!(error instanceof PasswordHashInvalid)) throw error;
    throw new SecretFileUnusable(`${place}: ${error.message}`, { cause: error });
  }
}
