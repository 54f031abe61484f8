import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { needs } from '../../support/needs.ts';

const GUEST_MS = 8 * 60_000;
const LANE = fileURLToPath(new URL('../../../lab/kernel/lane/on-host.js', import.meta.url));
const MOCHA = 'node_modules/mocha/bin/mocha.js';

/** Runs a file with mocha in a guest; resolves to its status and what it printed. */
function runInGuest(file: URL): Promise<{ readonly status: number | null; readonly text: string }> {
  const args = ['backports', MOCHA, '--no-config', fileURLToPath(file)];
  const lane = fork(LANE, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let text = '';
  const take = (chunk: Buffer): void => {
    text += chunk.toString();
  };
  lane.stdout?.on('data', take);
  lane.stderr?.on('data', take);
  return new Promise((resolve, reject) => {
    lane.once('error', reject);
    lane.once('close', (status) => resolve({ status, text }));
  });
}

describe('the contract of backends, for rules of tc flower', function () {
  this.timeout(GUEST_MS + 60_000);

  before(function () {
    needs(this, 'root', 'kernel-guests', 'netns', 'nft');
  });

  for (const { name, passing } of [
    { name: 'software', passing: 40 },
    { name: 'hardware', passing: 38 },
    { name: 'daemon', passing: 4 },
  ]) {
    it(`holds: ${name}`, async () => {
      const file = new URL(`guest/flower/contract/${name}.js`, import.meta.url);
      const { status, text } = await runInGuest(file);
      assert.equal(status, 0, text);
      assert.match(text, new RegExp(`\\b${passing} passing`));
    });
  }
});
