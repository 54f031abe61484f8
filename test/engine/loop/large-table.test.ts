import assert from 'node:assert/strict';
import { FakeBackend } from '../../support/fake-backend.ts';
import { Rig } from './engine-rig.ts';

/** More than a call takes as arguments: a list of this length cannot be spread into one. */
const FLOWS = 150_000;

describe('an engine with a table of more than a hundred thousand entries', function () {
  this.timeout(60_000);

  it('installs them, and a restarted one adopts them', async () => {
    const flows = Array.from({ length: FLOWS }, (_, n) => ({ n }));
    const backend = new FakeBackend(FLOWS);
    assert.deepEqual((await new Rig(backend).tick(flows)).failures, []);
    assert.equal(backend.installed.size, FLOWS);
    assert.deepEqual((await new Rig(backend).tick(flows)).failures, []);
    assert.equal(backend.installed.size, FLOWS);
  });
});
