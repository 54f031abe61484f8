import assert from 'node:assert/strict';
import { needs } from '../../support/needs.ts';
import { runInGuest } from '../../support/run-in-guest.ts';

const GUEST_MS = 8 * 60_000;

describe('the contract of backends, for rules of tc flower', function () {
  this.timeout(GUEST_MS + 60_000);

  before(function () {
    needs(this, 'root', 'kernel-guests', 'netns', 'nft', 'ovs', 'debian-python3');
  });

  for (const { name, passing } of [
    { name: 'software', passing: 40 },
    { name: 'hardware', passing: 38 },
    { name: 'daemon', passing: 4 },
    { name: 'tunnels', passing: 17 },
    { name: 'tunnels-in-hardware', passing: 14 },
    { name: 'tunnel-daemon', passing: 2 },
  ]) {
    it(`holds: ${name}`, async () => {
      const file = new URL(`guest/flower/contract/${name}.js`, import.meta.url);
      const { status, text } = await runInGuest('backports', file);
      assert.equal(status, 0, text);
      assert.match(text, new RegExp(`\\b${passing} passing`));
    });
  }
});
