import assert from 'node:assert/strict';
import { dirname, relative } from 'node:path';
import { cacheFolder, findKernel, LabMissing } from '../../../lab/kernel/cache.ts';
import { buildNicModule, nicModuleFile } from '../../../lab/nic-module/build.ts';
import { findHeaders } from '../../../lab/nic-module/headers.ts';
import { run } from '../../../lab/testbed/run.ts';
import { needs, skipFor } from '../../support/needs.ts';

describe('build of the NIC in software', () => {
  it('is in the cache of the lab, in a folder for each kernel and source', () => {
    const folder = (version: string) => relative(cacheFolder(), dirname(nicModuleFile(version)));
    assert.match(folder('6.12.1-amd64'), /^nic-module\/6\.12\.1-amd64-[0-9a-f]{12}$/);
    assert.notEqual(folder('6.12.1-amd64'), folder('6.12.2-amd64'));
  });

  it('says which headers are missing, and how to get them', async () => {
    await assert.rejects(buildNicModule('0.0.1-none'), (error) => {
      assert(error instanceof LabMissing);
      assert.match(error.message, /no headers of kernel 0\.0\.1-none; npm run setup downloads/);
      return true;
    });
  });

  it('is a module for the kernel, under the licence of the kernel', async function () {
    needs(this, 'kernel-guests');
    const { version } = findKernel('backports');
    try {
      findHeaders(version);
    } catch {
      skipFor(this, [`headers of kernel ${version} (npm run setup)`]);
    }
    this.timeout(120_000);
    const file = await buildNicModule(version);
    const field = (name: string): Promise<string> => run('/usr/sbin/modinfo', ['-F', name, file]);
    assert.equal((await field('vermagic')).split(' ')[0], version);
    assert.equal(await field('license'), 'GPL\n');
  });
});
