import assert from 'node:assert/strict';
import { FACTS } from '../../../policy/facts/facts.ts';

describe('columns of facts', () => {
  it('are there for every fact of a flow: none is read flow by flow in every tick', () => {
    const slow = FACTS.filter((fact) => fact.scope === 'flow' && fact.column === undefined);
    assert.deepEqual(
      slow.map((fact) => fact.name),
      [],
    );
  });
});
