import assert from 'node:assert/strict';
import { sourceOf } from '../../../engine/rules/compiled/fact-sources.ts';
import { FACTS } from '../../../engine/rules/facts.ts';

describe('how compiled rules come by facts', () => {
  it('is known for every fact of the catalogue: none is read flow by flow in every tick', () => {
    const slow = FACTS.filter((fact) => sourceOf(fact, {}).kind === 'row');
    assert.deepEqual(
      slow.map((fact) => fact.name),
      [],
    );
  });
});
