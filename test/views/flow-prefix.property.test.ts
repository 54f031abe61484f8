import assert from 'node:assert/strict';
import fc from 'fast-check';
import { rowsByPrefix } from '../../views/flow-prefix.ts';
import { formatFlowId } from '../../engine/model/flow-id.ts';
import { FlowTable } from '../../engine/model/flow-table.ts';

describe('flows by ufid prefix', () => {
  it('are those whose ufid as text has the prefix', () => {
    const table = new FlowTable();
    table.begin(0);
    const word = fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x5b1f0c7e, 0x5b1f0c7f);
    const ids = fc.sample(fc.record({ w0: word, w1: word, w2: word, w3: word }), {
      numRuns: 100,
      seed: 1,
    });
    for (const id of ids) {
      if (table.rowOf(id) !== -1) continue;
      table.observe(table.add(id, { inPort: 'a', fields: [], opaque: [] }, []), 1, 1, 0);
    }
    table.end();
    const texts = Array.from(table.rows.slice(0, table.count), (row) =>
      formatFlowId(table.idAt(row)),
    );
    const beginning = fc
      .tuple(fc.constantFrom(...texts), fc.nat(40), fc.constantFrom('', '-', '0', 'f', 'g', 'Z'))
      .map(([text, length, more]) => text.slice(0, length) + more);
    fc.assert(
      fc.property(fc.oneof(beginning, fc.string()), (prefix) => {
        const found = rowsByPrefix(table, prefix, 1_000);
        assert.deepEqual(
          found.map((row) => formatFlowId(table.idAt(row))),
          texts.filter((text) => text.startsWith(prefix)),
        );
      }),
      { numRuns: 500 },
    );
    assert.equal(rowsByPrefix(table, '', 10).length, 10);
  });
});
