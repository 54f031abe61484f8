import assert from 'node:assert/strict';
import { useOfTable } from '../../support/emulated-demo.ts';

describe('the table of the demonstration, for ten minutes', function () {
  this.timeout(180_000);

  it('stays in use', async () => {
    const { minUsed } = await useOfTable(600);
    assert.ok(minUsed >= 390, `${minUsed} of 400 entries in use`);
  });
});
