import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NoBpfFileSystem } from '../../../../adapters/nic/core/errors.ts';
import { PinLock } from '../../../../adapters/nic/core/pin-lock.ts';
import { Cleanup } from '../../../../lab/testbed/cleanup.ts';
import { NameMaker } from '../../../../lab/testbed/names.ts';
import { Namespace } from '../../../../lab/testbed/namespace.ts';
import { run } from '../../../../lab/testbed/run.ts';
import { needs } from '../../../support/needs.ts';

/** Far more than it takes; a directory that is created with `recursive` on sysfs never ends. */
const TIMEOUT_MS = 5_000;

describe('XDP without a BPF file system', function () {
  this.timeout(20_000);
  const folder = mkdtempSync(join(tmpdir(), 'norikae-no-bpffs-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('says so, and creates nothing elsewhere', () => {
    assert.throws(() => PinLock.acquire(join(folder, 'a', 'b')), NoBpfFileSystem);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('says so at once where /sys/fs/bpf is not mounted, as under "ip netns exec"', async function () {
    needs(this, 'root', 'netns');
    const cleanup = new Cleanup();
    try {
      const namespace = await Namespace.create(cleanup, new NameMaker(), 'b');
      const lock = new URL('../../../../adapters/nic/core/pin-lock', import.meta.url).href;
      const code =
        `import { PinLock } from '${lock}${import.meta.url.slice(-3)}';\n` +
        "try { PinLock.acquire('/sys/fs/bpf/norikae-test/deep'); } catch (error) { console.log(error.name); }";
      const command = ['netns', 'exec', namespace.name, process.execPath];
      const args = [...process.execArgv, '--input-type=module', '-e', code];
      const said = await run('ip', [...command, ...args], { timeoutMs: TIMEOUT_MS });
      assert.equal(said.trim(), 'NoBpfFileSystem');
    } finally {
      await cleanup.run();
    }
  });
});
