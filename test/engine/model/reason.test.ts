import assert from 'node:assert/strict';
import { REASONS, reasonIndex } from '../../../engine/model/reason.ts';

describe('reasons', () => {
  it('have unique codes, and are found by them', () => {
    for (const [i, { code }] of REASONS.entries()) assert.equal(reasonIndex(code), i, code);
  });
});
