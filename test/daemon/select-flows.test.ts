import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FlowTable } from '../../engine/model/flow-table.ts';
import { selectFlows } from '../../daemon/view/select-flows.ts';

/** A table of flows from `vmN` to `p0` with these rates; even ones have a VM with a slice. */
function around(rates: readonly number[]): Parameters<typeof selectFlows>[1] {
  const table = new FlowTable();
  table.begin(0);
  const rows = rates.map((_, i) => {
    const match = { inPort: `vm${i}`, fields: [], opaque: [] };
    const row = table.add({ w0: i, w1: 0, w2: 0, w3: 1 }, match, [{ kind: 'output', port: 'p0' }]);
    table.observe(row, 1, 100, 0);
    return row;
  });
  table.end();
  rows.forEach((row, i) => (table.rates.bitsPerSecond[row] = rates[i]));
  const port = {
    uuid: '',
    ifindex: 0,
    bridge: 'br0',
    kind: 'vm',
    mac: undefined,
    shaped: false,
    policed: false,
  } as const;
  const ports = new Map(
    rates.map((_, i) => {
      const slice = i % 2 === 0 ? 'even' : undefined;
      const info = { ...port, name: `vm${i}`, vm: `VM-${i}`, slice, linkBitsPerSecond: undefined };
      return [info.name, info];
    }),
  );
  rows.forEach((row, i) => (table.decision.slice[row] = i % 2 === 0 ? 1 : 0));
  return { table, ports, rules: [], slices: [{ name: 'even' }], nowMs: 0 };
}

describe('selecting flows', () => {
  it('returns the largest in order, ties included, as a full sort would', () => {
    const rates = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 });
    fc.assert(
      fc.property(rates, fc.integer({ min: 1, max: 70 }), (some, limit) => {
        const page = selectFlows({ sort: 'rate', limit, words: [] }, around(some));
        assert.equal(page.matching, some.length);
        assert.deepEqual(
          page.flows.map((f) => f.bitsPerSecond),
          some.toSorted((a, b) => b - a).slice(0, limit),
        );
        assert.equal(new Set(page.flows.map((f) => f.id)).size, page.flows.length);
      }),
    );
  });

  it('goes on where the page before ended, to the last', () => {
    const rates = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 60 });
    fc.assert(
      fc.property(rates, fc.integer({ min: 1, max: 20 }), (some, limit) => {
        const flows = around(some);
        const pages: string[][] = [];
        for (let offset = 0; offset <= some.length; offset += limit) {
          const page = selectFlows({ sort: 'rate', limit, offset, words: [] }, flows);
          pages.push(page.flows.map((f) => `${f.inPort} ${f.bitsPerSecond}`));
        }
        const whole = some.map((rate, i) => ({ rate, text: `vm${i} ${rate}` }));
        const sorted = whole.toSorted((a, b) => b.rate - a.rate).map(({ text }) => text);
        assert.deepEqual(pages.flat(), sorted);
      }),
    );
  });

  it('filters by slice, port, placement and words together', () => {
    const flows = around([1, 2, 3, 4, 5, 6]);
    const ids = (query: object): string[] =>
      selectFlows({ sort: 'rate', limit: 10, words: [], ...query }, flows).flows.map(
        (f) => f.inPort,
      );
    assert.deepEqual(ids({ slice: 'even' }), ['vm4', 'vm2', 'vm0']);
    assert.deepEqual(ids({ port: 'vm3' }), ['vm3']);
    assert.deepEqual(ids({ port: 'p0' }).length, 6);
    assert.deepEqual(ids({ placement: 'offload' }), []);
    assert.deepEqual(ids({ words: ['OUTPUT', 'vm-4'] }), ['vm4']);
    assert.deepEqual(ids({ words: ['output', 'nothing'] }), []);
  });
});
