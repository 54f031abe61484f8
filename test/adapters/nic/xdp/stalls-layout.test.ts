import assert from 'node:assert/strict';
import { STALL } from '../../../../adapters/nic/xdp/stalls.ts';
import { needs } from '../../../support/needs.ts';
import { compile, offsets } from '../support/c-layout.ts';

const HEADER = 'adapters/nic/xdp/bpf/stall.h';

describe('layout of stalls', function () {
  this.timeout(20_000);

  before(function () {
    needs(this, 'xdp');
  });

  it('is the same in C and in TypeScript', () => {
    const size = `sizeof(struct stall) == ${STALL.bytes}`;
    const result = compile(HEADER, [size, ...offsets('stall', STALL)]);
    assert.equal(result.status, 0, result.stderr);
  });

  it('is really compared', () => {
    assert.notEqual(compile(HEADER, ['sizeof(struct stall) == 15']).status, 0);
  });
});
