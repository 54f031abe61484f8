import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** A text is not a password hash of the supported format. */
export class PasswordHashInvalid extends Error {
  override readonly name = 'PasswordHashInvalid';
}

/** A password, salted and hashed by scrypt (RFC 7914). */
export interface PasswordHash {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const LOG_N = 15;
const R = 8;
const P = 3;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Maximum memory that a hash may require, bytes. */
const MAX_MEMORY = 128 * 1024 * 1024;

const FORMAT =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/-]{16,64})\$([\w+/-]{40,88})$/;

/** Hashes a password with a new salt, in the PHC string format. Takes about 0.2 s. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, { logN: LOG_N, r: R, p: P, salt }, HASH_BYTES);
  return `$scrypt$ln=${LOG_N},r=${R},p=${P}$${base64(salt)}$${base64(hash)}`;
}

/** Parses the output of {@link hashPassword}. @throws PasswordHashInvalid */
export function parsePasswordHash(text: string): PasswordHash {
  const [, logN, r, p, salt, hash] = FORMAT.exec(text) ?? [];
  const parsed = {
    logN: Number(logN),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt ?? '', 'base64'),
    hash: Buffer.from(hash ?? '', 'base64'),
  };
  const isInRange = parsed.logN >= 10 && parsed.r >= 1 && parsed.p >= 1 && parsed.p <= 16;
  if (salt === undefined || !isInRange || memoryOf(parsed) > MAX_MEMORY) {
    throw new PasswordHashInvalid('not a hash as printed by "norikae hash-password"');
  }
  return parsed;
}

/** Whether a password matches a hash. Runs outside the event loop. */
export async function verifyPassword(password: string, expected: PasswordHash): Promise<boolean> {
  const actual = await derive(password, expected, expected.hash.length);
  return timingSafeEqual(actual, expected.hash);
}

function derive(
  password: string,
  { logN, r, p, salt }: Omit<PasswordHash, 'hash'>,
  bytes: number,
): Promise<Buffer> {
  const options = { N: 2 ** logN, r, p, maxmem: 2 * MAX_MEMORY };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, bytes, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

function memoryOf({ logN, r }: Pick<PasswordHash, 'logN' | 'r'>): number {
  return 128 * 2 ** logN * r;
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
