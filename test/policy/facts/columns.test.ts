import assert from 'node:assert/strict';
import { FACTS } from '../../../policy/facts/facts.ts';

describe('fact columns', () => {
  it('exist for every fact of a flow, so that none is read flow by flow in every tick', () => {
    const slow = FACTS.filter((fact) => fact.scope === 'flow' && fact.column === undefined);
    assert.deepEqual(
      slow.map((fact) => fact.name),
      [],
    );
  });
});
