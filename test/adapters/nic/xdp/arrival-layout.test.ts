import assert from 'node:assert/strict';
import { ARRIVAL_BYTES } from '../../../../adapters/nic/xdp/arrival.ts';
import { needs } from '../../../support/needs.ts';
import { compile } from '../support/c-layout.ts';

const HEADER = 'adapters/nic/xdp/bpf/decapsulate.h';

describe('size of what is known of an arriving packet', function () {
  this.timeout(20_000);

  before(function () {
    needs(this, 'xdp');
  });

  it('is the same in C and in TypeScript', () => {
    const result = compile(HEADER, [`sizeof(struct arrival) == ${ARRIVAL_BYTES}`]);
    assert.equal(result.status, 0, result.stderr);
    assert.notEqual(compile(HEADER, [`sizeof(struct arrival) == ${ARRIVAL_BYTES - 4}`]).status, 0);
  });
});
