import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot, packageVersion } from '../../platform/package-root.ts';
import { needs } from '../support/needs.ts';
import { runToEnd } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { tarballName, unpack } from './support/packed.ts';

const SCRIPT = join(packageRoot(), 'scripts/release.mjs');

describe('npm run release', function () {
  this.timeout(180_000);
  const temporary = temporaryFolder();
  after(() => temporary.remove());

  function release(...args: string[]) {
    return runToEnd(process.execPath, [SCRIPT, ...args], { timeoutMs: 150_000 });
  }

  it('packs with the BPF object, and writes the checksum of what it packed', async function () {
    needs(this, 'xdp');
    const folder = join(temporary.path, 'artefacts');
    const { code, output } = await release('--folder', folder);
    assert.equal(code, 0, output);
    const tarball = join(folder, tarballName());
    const sum = createHash('sha256').update(readFileSync(tarball)).digest('hex');
    const sums = readFileSync(join(folder, 'SHA256SUMS'), 'utf8');
    assert.equal(sums, `${sum}  ${tarballName()}\n`);
    const packed = await unpack(tarball, temporary.path);
    assert(existsSync(join(packed.folder, 'dist/adapters/nic/xdp/norikae.bpf.o')));
  });

  it('refuses a tag of another version', async () => {
    const { code, output } = await release('--tag', 'v0.0.1', '--folder', temporary.path);
    assert.equal(code, 1);
    assert.match(output, /the tag is v0\.0\.1, package\.json has version \d/);
    assert(!existsSync(join(temporary.path, 'SHA256SUMS')));
  });

  it('refuses a version that the changelog does not have', async function () {
    const version = packageVersion();
    const changelog = readFileSync(join(packageRoot(), 'CHANGELOG.md'), 'utf8');
    if (changelog.includes(`## [${version}]`)) this.skip();
    const { code, output } = await release('--tag', `v${version}`, '--folder', temporary.path);
    assert.equal(code, 1);
    assert.match(output, /CHANGELOG\.md has no heading for \d/);
  });
});
