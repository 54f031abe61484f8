import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { Authenticator } from '../../../server/http/authenticator.ts';

const SALT = Buffer.alloc(16, 1);
const USERS = new Map(['known', 'other'].map((user) => [user, hashOf(`${user}'s`)]));

/** Addresses reserved for documentation (RFC 5737), one per attempt. */
const address = (n: number): string => `192.0.2.${n}`;

describe('authenticator', () => {
  let authenticator: Authenticator;

  beforeEach(() => {
    authenticator = new Authenticator({ token: undefined, users: USERS }, () => 0);
  });

  it('accepts a verified user while guesses of others wait to be hashed', async () => {
    const known = basic('known', "known's");
    assert.deepEqual(await authenticator.check(known, address(1)), { ok: true });
    const guesses = [1, 2, 3, 4].map((n) =>
      authenticator.check(basic('other', `guess ${n}`), address(10 + n)),
    );
    assert.deepEqual(await authenticator.check(known, address(1)), { ok: true });
    const newcomer = await authenticator.check(basic('other', "other's"), address(2));
    assert.deepEqual(newcomer, { ok: false, why: 'wait', waitMs: 1_000 });
    const verdicts = await Promise.all(guesses);
    assert.deepEqual(
      verdicts.map((v) => v.ok),
      [false, false, false, false],
    );
    assert.deepEqual(await authenticator.check(basic('other', "other's"), address(2)), {
      ok: true,
    });
  });

  it('accepts a verified user from an address whose guesses have failed', async () => {
    const known = basic('known', "known's");
    assert.deepEqual(await authenticator.check(known, address(1)), { ok: true });
    for (let n = 0; n < 10; n++) await authenticator.check(basic('other', 'a guess'), address(1));
    const guess = await authenticator.check(basic('known', 'a guess'), address(1));
    assert.deepEqual(guess, { ok: false, why: 'wait', waitMs: 10_000 });
    assert.deepEqual(await authenticator.check(known, address(1)), { ok: true });
  });

  it('does not tell an address that has to wait what was verified from another', async () => {
    const known = basic('known', "known's");
    assert.deepEqual(await authenticator.check(known, address(1)), { ok: true });
    for (let n = 0; n < 10; n++) await authenticator.check(basic('other', 'a guess'), address(2));
    const verdict = await authenticator.check(known, address(2));
    assert.deepEqual(verdict, { ok: false, why: 'wait', waitMs: 10_000 });
  });

  it('forgets verified users when the credentials change', async () => {
    const known = basic('known', "known's");
    const changed = new Map([['known', hashOf('new')]]);
    assert.deepEqual(await authenticator.check(known, address(1)), { ok: true });
    authenticator.replaceCredentials({ token: undefined, users: changed });
    assert.deepEqual(await authenticator.check(known, address(1)), { ok: false, why: 'wrong' });
    const renewed = basic('known', 'new');
    assert.deepEqual(await authenticator.check(renewed, address(1)), { ok: true });
  });

  it('does not remember a password that was verified while the credentials changed', async () => {
    const known = basic('known', "known's");
    const late = authenticator.check(known, address(1));
    authenticator.replaceCredentials({
      token: undefined,
      users: new Map([['known', hashOf('new')]]),
    });
    await late;
    assert.deepEqual(await authenticator.check(known, address(1)), { ok: false, why: 'wrong' });
  });

  it('counts guesses that find the queue full', async () => {
    const guesses = [1, 2, 3, 4].map((n) =>
      authenticator.check(basic('other', `guess ${n}`), address(10 + n)),
    );
    const known = basic('known', 'a guess');
    const waits: unknown[] = [];
    for (let n = 0; n < 12; n++) {
      const verdict = await authenticator.check(known, address(1));
      waits.push(verdict.ok || verdict.why !== 'wait' ? verdict : verdict.waitMs);
    }
    assert.deepEqual(waits, [...Array.from({ length: 10 }, () => 1_000), 10_000, 10_000]);
    await Promise.all(guesses);
  });
});

function hashOf(password: string) {
  const [logN, r, p] = [14, 8, 1];
  const hash = scryptSync(password, SALT, 32, { N: 2 ** logN, r, p, maxmem: 2 ** 27 });
  return { logN, r, p, salt: SALT, hash };
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
