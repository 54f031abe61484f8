import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FlowTable } from '../../engine/model/flow-table.ts';
import type { FlowPage, FlowQuery } from '../../api/flow-views.ts';
import { FlowTexts } from '../../views/flow-texts.ts';
import type { FlowContext } from '../../views/flow-view.ts';
import { selectFlows } from '../../views/select-flows.ts';

/** A table of flows from `vmN` to `p0` with these rates; even ones have a VM with a slice. */
function context(rates: readonly number[]): FlowContext {
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
  it('returns the largest in order, ties included, like a full sort', async () => {
    const rates = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(rates, fc.integer({ min: 1, max: 70 }), async (some, limit) => {
        const page = await find({ sort: 'rate', limit, words: [] }, context(some));
        assert.equal(page.matching, some.length);
        assert.deepEqual(
          page.flows.map((f) => f.bitsPerSecond),
          some.toSorted((a, b) => b - a).slice(0, limit),
        );
        assert.equal(new Set(page.flows.map((f) => f.id)).size, page.flows.length);
      }),
    );
  });

  it('tells connections from megaflows, and selects them alone', async () => {
    const flows = context([1, 2, 3]);
    const isConnection = (row: number): boolean => row === flows.table.rows[1];
    const all = await find({ sort: 'rate', limit: 9, words: [] }, { ...flows, isConnection });
    assert.deepEqual(
      all.flows.map(({ kind }) => kind),
      ['megaflow', 'connection', 'megaflow'],
    );
    const query: FlowQuery = { sort: 'rate', limit: 9, words: [], connections: true };
    const page = await find(query, { ...flows, isConnection });
    assert.deepEqual(
      page.flows.map(({ inPort }) => inPort),
      ['vm1'],
    );
    assert.equal((await find(query, flows)).matching, 0);
  });

  it('continues after the previous page, up to the last flow', async () => {
    const rates = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(rates, fc.integer({ min: 1, max: 20 }), async (some, limit) => {
        const flows = context(some);
        const pages: string[][] = [];
        for (let offset = 0; offset <= some.length; offset += limit) {
          const page = await find({ sort: 'rate', limit, offset, words: [] }, flows);
          pages.push(page.flows.map((f) => `${f.inPort} ${f.bitsPerSecond}`));
        }
        const whole = some.map((rate, i) => ({ rate, text: `vm${i} ${rate}` }));
        const sorted = whole.toSorted((a, b) => b.rate - a.rate).map(({ text }) => text);
        assert.deepEqual(pages.flat(), sorted);
      }),
    );
  });

  it('filters by slice, port, placement and words together', async () => {
    const flows = context([1, 2, 3, 4, 5, 6]);
    const ids = async (query: Partial<FlowQuery>): Promise<string[]> => {
      const page = await find({ sort: 'rate', limit: 10, words: [], ...query }, flows);
      return page.flows.map((f) => f.inPort);
    };
    assert.deepEqual(await ids({ slice: 'even' }), ['vm4', 'vm2', 'vm0']);
    assert.deepEqual(await ids({ port: 'vm3' }), ['vm3']);
    assert.equal((await ids({ port: 'p0' })).length, 6);
    assert.deepEqual(await ids({ placement: 'offload' }), []);
    assert.deepEqual(await ids({ words: ['OUTPUT', 'vm-4'] }), ['vm4']);
    assert.deepEqual(await ids({ words: ['output', 'nothing'] }), []);
  });

  it('omits flows that leave during a pause, and confuses no flows', async () => {
    const flows = context(Array.from({ length: 200 }, (_, i) => i));
    const { table } = flows;
    let paused = 0;
    const yieldToEventLoop = (): Promise<void> | undefined => {
      if (++paused !== 2) return undefined;
      // All flows but two leave, and new flows get their rows.
      const rest = table.rows.slice(10, 12);
      table.begin(1_000);
      for (const row of rest) table.observe(row, 2, 200, 0);
      table.end();
      table.begin(2_000);
      for (const row of rest) table.observe(row, 3, 300, 0);
      for (let i = 0; i < 198; i++) {
        const match = { inPort: 'other', fields: [], opaque: [] };
        table.observe(table.add({ w0: i, w1: 7, w2: 0, w3: 1 }, match, []), 1, 100, 0);
      }
      table.end();
      return Promise.resolve();
    };
    const query: FlowQuery = { sort: 'rate', limit: 100, words: ['in_port=vm'] };
    const page = await selectFlows(query, flows, new FlowTexts(), yieldToEventLoop);
    assert.ok(
      page.flows.every((f) => /^vm1[01]$/.test(f.inPort)),
      JSON.stringify(page.flows),
    );
    assert.ok(paused > 2);
  });

  it('caches the texts of flows until they change', async () => {
    const flows = context([1, 2, 3]);
    const texts = new FlowTexts();
    const query: FlowQuery = { sort: 'rate', limit: 10, words: ['in_port=vm1'] };
    const found = async (): Promise<number> =>
      (await selectFlows(query, flows, texts, () => undefined)).matching;
    assert.equal(await found(), 1);
    const [first] = flows.table.rows;
    flows.table.setMatch(first, { inPort: 'vm17', fields: [], opaque: [] });
    assert.equal(await found(), 2);
  });
});

function find(query: FlowQuery, flows: FlowContext): Promise<FlowPage> {
  return selectFlows(query, flows, new FlowTexts(), () => undefined);
}
