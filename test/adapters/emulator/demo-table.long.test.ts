import assert from 'node:assert/strict';
import { useOfTable } from '../../support/emulated-demo.ts';

describe('the table of the demonstration, for ten minutes', function () {
  this.timeout(180_000);

  it('stays in use', async () => {
    const { least } = await useOfTable(600);
    assert.ok(least >= 375, `${least} of 400 entries in use`);
  });
});
