import assert from 'node:assert/strict';
import { REASONS, reasonIndex } from '../../../engine/model/reason.ts';

describe('reasons', () => {
  it('are there once each, and found by their code', () => {
    for (const [i, { code }] of REASONS.entries()) assert.equal(reasonIndex(code), i, code);
  });
});
