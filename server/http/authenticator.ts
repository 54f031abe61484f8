import { createHmac, randomBytes } from 'node:crypto';
import { SerialQueue } from '../../async/serial-queue.ts';
import { AddressLimiter } from './address-limiter.ts';
import { type Credentials, isToken } from './credentials.ts';
import { parsePasswordHash, verifyPassword } from './password-hash.ts';

/** What became of a request's credentials. */
export type Verdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly why: 'missing' | 'wrong' }
  /** Too many tries came from there, or come now: again after so long, ms. */
  | { readonly ok: false; readonly why: 'wait'; readonly waitMs: number };

const WRONG: Verdict = { ok: false, why: 'wrong' };

/** Users whose password is known to be right, so that it is not hashed for every request. */
const MAX_REMEMBERED = 64;
/** Passwords that wait to be hashed; each takes some 0.2 s of a processor. */
const MAX_WAITING = 4;
/** Hashed for users who are not there: the answer takes as long as for those who are. */
const NOBODY = parsePasswordHash(`$scrypt$ln=15,r=8,p=3$${'A'.repeat(22)}$${'A'.repeat(43)}`);

/**
 * Tells by a request's `Authorization` whether it may be answered: `Bearer TOKEN`, or `Basic` with
 * a user and password or, for browsers, with the token as password of any user.
 */
export class Authenticator {
  readonly #now: () => number;
  readonly #failures = new AddressLimiter({ most: 10, forgiveMs: 10_000 });
  readonly #secret = randomBytes(32);
  #credentials: Credentials;
  #remembered = new Set<string>();
  /** One after another: whoever tries out passwords gets one processor at most. */
  readonly #hashing = new SerialQueue(MAX_WAITING);

  constructor(credentials: Credentials, now: () => number = () => performance.now()) {
    this.#credentials = credentials;
    this.#now = now;
  }

  /** Takes other credentials; those known before have to be shown anew. */
  use(credentials: Credentials): void {
    this.#credentials = credentials;
    this.#remembered = new Set();
  }

  /** Judges the value of `Authorization` that came from `address`. */
  async check(authorization: string | undefined, address: string): Promise<Verdict> {
    if (authorization === undefined) return { ok: false, why: 'missing' };
    const waitMs = this.#failures.waitMs(address, this.#now());
    const [scheme, ...rest] = authorization.split(' ');
    const value = rest.join(' ').trim();
    const basic = scheme.toLowerCase() === 'basic' ? userOf(value) : undefined;
    const token = scheme.toLowerCase() === 'bearer' ? value : basic?.password;
    // A token is too long to be guessed: whoever has it need not wait for what others tried.
    if (token !== undefined && isToken(this.#credentials, token)) return { ok: true };
    if (waitMs > 0) return { ok: false, why: 'wait', waitMs };
    const verdict = await this.#checkUser(basic);
    // One who finds no place to wait counts, too: or guesses at those who are known would be free.
    if (!verdict.ok) this.#failures.count(address, this.#now());
    return verdict;
  }

  /** Who is known gets in however many others wait for their password to be hashed. */
  async #checkUser(given: User | undefined): Promise<Verdict> {
    if (given === undefined || this.#credentials.users.size === 0) return WRONG;
    const remembered = this.#remembered;
    const key = this.#keyOf(given);
    if (remembered.has(key)) return { ok: true };
    if (this.#hashing.tasks >= MAX_WAITING) return { ok: false, why: 'wait', waitMs: 1_000 };
    if (!(await this.#isUser(given))) return WRONG;
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.add(key);
    return { ok: true };
  }

  #keyOf({ user, password }: User): string {
    return createHmac('sha256', this.#secret).update(`${user}:${password}`).digest('hex');
  }

  async #isUser({ user, password }: User): Promise<boolean> {
    const hash = this.#credentials.users.get(user);
    const right = await this.#hashing.run(() => verifyPassword(password, hash ?? NOBODY));
    return right && hash !== undefined;
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
