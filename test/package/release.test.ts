import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';
import { needs } from '../support/needs.ts';
import { runToEnd } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { tarballName, unpack } from './support/packed.ts';

const SCRIPT = join(packageRoot(), 'scripts/release.mjs');

describe('npm run release', function () {
  this.timeout(180_000);
  const temporary = temporaryFolder();
  after(() => temporary.remove());

  it('packs with the BPF object, and writes the checksum', async function () {
    needs(this, 'xdp');
    const folder = join(temporary.path, 'artefacts');
    const { code, output } = await runToEnd(process.execPath, [SCRIPT, '--folder', folder], {
      timeoutMs: 150_000,
    });
    assert.equal(code, 0, output);
    const tarball = join(folder, tarballName());
    const sum = createHash('sha256').update(readFileSync(tarball)).digest('hex');
    const sums = readFileSync(join(folder, 'SHA256SUMS'), 'utf8');
    assert.equal(sums, `${sum}  ${tarballName()}\n`);
    const packed = await unpack(tarball, temporary.path);
    assert(existsSync(join(packed.folder, 'dist/adapters/nic/xdp/norikae.bpf.o')));
  });

  describe('with a tag', () => {
    /** Runs the script in a copy of the project with version 9.9.9 and `changelog`. */
    function releaseTag(tag: string, changelog: string) {
      const copy = join(temporary.path, 'copy');
      cpSync(join(packageRoot(), 'scripts'), join(copy, 'scripts'), { recursive: true });
      writeFileSync(join(copy, 'package.json'), '{"name": "norikae", "version": "9.9.9"}');
      writeFileSync(join(copy, 'CHANGELOG.md'), changelog);
      return runToEnd(process.execPath, [join(copy, 'scripts/release.mjs'), '--tag', tag]);
    }

    it('refuses the tag of another version', async () => {
      const { code, output } = await releaseTag('v9.9.8', '# Changelog\n\n## [9.9.9]\n');
      assert.equal(code, 1);
      assert.match(output, /the tag is v9\.9\.8, package\.json has version 9\.9\.9/);
    });

    it('refuses a version that is missing in the changelog', async () => {
      const { code, output } = await releaseTag('v9.9.9', '# Changelog\n\n## [9.9.8]\n');
      assert.equal(code, 1);
      assert.match(output, /CHANGELOG\.md has no heading for 9\.9\.9/);
    });

    it('continues with the build if both match', async () => {
      const { code, output } = await releaseTag('v9.9.9', '# Changelog\n\n## [9.9.9]\n');
      // The copy has no compiler.
      assert.equal(code, 1);
      assert.match(output, /tsc -p \. \(build\): .* ended with exit code 1/);
    });
  });
});
