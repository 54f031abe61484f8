import { createHmac, randomBytes } from 'node:crypto';
import { SerialQueue } from '../../async/serial-queue.ts';
import { AddressLimiter } from './address-limiter.ts';
import { type Credentials, isToken } from './credentials.ts';
import { parsePasswordHash, verifyPassword } from './password-hash.ts';

/** Result of checking a request's credentials. */
export type Verdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly why: 'missing' | 'wrong' }
  /** Too many failures from this address, or too many checks are pending: retry after `waitMs`. */
  | { readonly ok: false; readonly why: 'wait'; readonly waitMs: number };

const WRONG: Verdict = { ok: false, why: 'wrong' };

/** Verified credentials that are cached per address, so that they are not hashed for every request. */
const MAX_CACHED = 64;
/** Passwords that wait to be hashed; each takes about 0.2 s of CPU. */
const MAX_WAITING = 4;
/** Used for unknown users, so that the answer takes as long as for known ones. */
const DUMMY_HASH = parsePasswordHash(`$scrypt$ln=15,r=8,p=3$${'A'.repeat(22)}$${'A'.repeat(43)}`);

/**
 * Checks a request's `Authorization` header: `Bearer TOKEN`, or `Basic` with a user and password
 * or, for browsers, with the token as the password of any user.
 */
export class Authenticator {
  readonly #now: () => number;
  readonly #failures = new AddressLimiter({ burst: 10, refillMs: 10_000 });
  readonly #secret = randomBytes(32);
  #credentials: Credentials;
  /** Keyed hashes of verified users and passwords, with the address that sent them. */
  #verified = new Set<string>();
  /** One at a time, so that password guessing uses at most one CPU. */
  readonly #hashing = new SerialQueue(MAX_WAITING);

  constructor(credentials: Credentials, now: () => number = () => performance.now()) {
    this.#credentials = credentials;
    this.#now = now;
  }

  /** Replaces the credentials and drops what was verified against the old ones. */
  replaceCredentials(credentials: Credentials): void {
    this.#credentials = credentials;
    this.#verified = new Set();
  }

  /** Checks the value of `Authorization` in a request from `address`. */
  async check(authorization: string | undefined, address: string): Promise<Verdict> {
    if (authorization === undefined) return { ok: false, why: 'missing' };
    const waitMs = this.#failures.waitMs(address, this.#now());
    const [scheme, ...rest] = authorization.split(' ');
    const value = rest.join(' ').trim();
    const basic = scheme.toLowerCase() === 'basic' ? userOf(value) : undefined;
    const token = scheme.toLowerCase() === 'bearer' ? value : basic?.password;
    // A token is too long to guess, so a valid one is not delayed by failures from its address.
    if (token !== undefined && isToken(this.#credentials, token)) return { ok: true };
    // Neither is a user who has been verified from the same address. From other addresses, the cache
    // would tell at once whether a guess is right, however many guesses have failed.
    if (basic !== undefined && this.#verified.has(this.#keyOf(basic, address))) return { ok: true };
    if (waitMs > 0) return { ok: false, why: 'wait', waitMs };
    const verdict = await this.#checkUser(basic, address);
    // A check that finds the queue full counts as a failure, too: otherwise it would be free.
    if (!verdict.ok) this.#failures.count(address, this.#now());
    return verdict;
  }

  async #checkUser(given: User | undefined, address: string): Promise<Verdict> {
    if (given === undefined || this.#credentials.users.size === 0) return WRONG;
    // The credentials can be replaced while the password is hashed.
    const verified = this.#verified;
    if (this.#hashing.tasks >= MAX_WAITING) return { ok: false, why: 'wait', waitMs: 1_000 };
    if (!(await this.#isUser(given))) return WRONG;
    if (verified.size >= MAX_CACHED) verified.clear();
    verified.add(this.#keyOf(given, address));
    return { ok: true };
  }

  #keyOf({ user, password }: User, address: string): string {
    const text = `${address} ${user}:${password}`;
    return createHmac('sha256', this.#secret).update(text).digest('hex');
  }

  async #isUser({ user, password }: User): Promise<boolean> {
    const hash = this.#credentials.users.get(user);
    const matches = await this.#hashing.run(() => verifyPassword(password, hash ?? DUMMY_HASH));
    return matches && hash !== undefined;
  }
}

interface User {
  readonly user: string;
  readonly password: string;
}

/** RFC 7617: `user:password` in Base64. */
function userOf(value: string): User | undefined {
  const text = Buffer.from(value, 'base64').toString('utf8');
  const at = text.indexOf(':');
  return at === -1 ? undefined : { user: text.slice(0, at), password: text.slice(at + 1) };
}
