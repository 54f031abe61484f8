import assert from 'node:assert/strict';
import { matrix } from '../../../lab/compare/cases/parameters.ts';
import { SCENARIOS } from '../../../lab/compare/scenarios/all.ts';
import { packageRoot } from '../../../platform/package-root.ts';
import { FAULTS } from './faults/faults.ts';
import { changed } from './faults/planted.ts';

// Planting them takes minutes: planted-faults.long.test.ts. That they can be planted is tested here.
describe('lab compare: the faults to plant', () => {
  for (const { what, changes, seenIn, datapath = 'userspace' } of FAULTS) {
    it(`fit the program: ${what}`, async () => {
      for (const change of changes) await changed(packageRoot(), change);
      const where =
        typeof seenIn === 'string'
          ? SCENARIOS.find(({ name }) => name === seenIn)
          : matrix(1, datapath).find(({ parameters }) => seenIn(parameters));
      assert(where !== undefined, 'no case or scenario is to show it');
    });
  }
});
