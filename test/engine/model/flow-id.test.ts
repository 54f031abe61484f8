import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatFlowId, parseFlowId, sameFlowId } from '../../../engine/model/flow-id.ts';

const word = fc.integer({ min: 0, max: 0xffff_ffff });

describe('flow id', () => {
  it('parses what it formats', () => {
    fc.assert(
      fc.property(fc.record({ w0: word, w1: word, w2: word, w3: word }), (id) => {
        const parsed = parseFlowId(formatFlowId(id));
        assert.ok(parsed !== undefined && sameFlowId(parsed, id));
      }),
    );
  });

  it('formats as OVS prints a ufid', () => {
    const id = { w0: 0x00c90aa1, w1: 0xa5f84c0d, w2: 0x8d5ee3f4, w3: 0x1b2c3d4e };
    assert.equal(formatFlowId(id), '00c90aa1-a5f8-4c0d-8d5e-e3f41b2c3d4e');
  });

  it('rejects text that is not a ufid', () => {
    for (const text of ['', 'ufid:1', '00c90aa1-a5f8-4c0d-8d5e-e3f41b2c3d4', 'x'.repeat(36)]) {
      assert.equal(parseFlowId(text), undefined);
    }
  });
});
