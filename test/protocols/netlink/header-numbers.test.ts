import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { needs } from '../../support/needs.ts';
import { ALL_TABLES } from './all-tables.ts';
import { enumsIn } from './support/header-enums.ts';

describe("netlink attributes have the numbers of the kernel's headers", () => {
  before(function () {
    needs(this, 'linux-headers');
  });

  for (const { name, header, table } of ALL_TABLES) {
    it(name, () => {
      const numbers = enumsIn(readFileSync(`/usr/include/linux/${header}`, 'utf8'));
      for (const row of Object.values(table)) {
        assert.equal(row.number, numbers.get(row.name), row.name);
      }
    });
  }
});
