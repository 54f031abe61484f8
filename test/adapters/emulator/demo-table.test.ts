import assert from 'node:assert/strict';
import { useOfTable } from '../../support/emulated-demo.ts';

/** The demonstration's table of 400 entries, in a hash table that refuses flows from early on. */
describe('the table of the demonstration', function () {
  this.timeout(60_000);

  it('stays in use for two minutes, though the NIC refuses flows all the time', async () => {
    const { minUsed, refused, carriedShare } = await useOfTable(120);
    assert.ok(refused > 1000, `${refused} refusals`);
    assert.ok(minUsed >= 390, `${minUsed} of 400 entries in use`);
    assert.ok(carriedShare >= 0.7, `${carriedShare} of the bytes carried`);
  });
});
