import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type Algorithm,
  membersOf,
  type WindowView,
} from '../../bench/decisions/game/algorithm.ts';
import { ALGORITHMS } from '../../bench/decisions/algorithms/all.ts';
import { bounds } from '../../bench/decisions/game/bounds.ts';
import { EntryTable, UnknownFlowError } from '../../bench/decisions/game/entry-table.ts';
import { run } from '../../bench/decisions/game/run.ts';
import { sightings } from '../../bench/decisions/traces/sightings.ts';
import { traceOf } from '../support/traces.ts';

/** Traces of some flows over some windows, silent half of the time. */
const TRACES = fc
  .tuple(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 1, max: 30 }))
  .chain(([flows, windows]) => {
    const packets = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2000 }));
    const row = fc.array(packets, { minLength: windows, maxLength: windows });
    return fc.array(row, { minLength: flows, maxLength: flows });
  });

/** An algorithm that does what `decide` says. */
function scripted(decide: (view: WindowView, window: number) => void): Algorithm {
  return {
    name: 'scripted',
    create: () => {
      let window = 0;
      return { decide: (view) => decide(view, window++) };
    },
  };
}

describe('the harness of the decisions bench', () => {
  it('credits a flow with what it sends after it was placed, not before', async () => {
    const trace = traceOf([
      [5, 5, 5],
      [5, 5, 5],
    ]);
    const first = scripted(({ table }, window) => {
      if (window === 0) table.place(0);
    });
    const result = await run(first, trace, sightings(trace), { entries: 1 });
    assert.equal(result.byteCoverage, 10 / 30);
    assert.equal(result.packetCoverage, 10 / 30);
    assert.equal(result.operationsPerSecond, 1 / 3);
  });

  it('does not count the warm-up', async () => {
    const trace = traceOf([[100, 5, 5, 5]], { warmUpWindows: 2 });
    const result = await run(
      scripted(({ table }, window) => {
        if (window === 0) table.place(0);
      }),
      trace,
      sightings(trace),
      { entries: 1 },
    );
    assert.equal(result.byteCoverage, 1);
    assert.equal(result.operationsPerSecond, 0);
  });

  it('lets a flow live until it was idle for ten seconds, and takes its entry along', async () => {
    const silent = Array.from({ length: 10 }, () => 0);
    const trace = traceOf([[1, ...silent, 1]]);
    const seen = sightings(trace);
    assert.deepEqual([...seen.born], [0, 0]);
    assert.deepEqual([...seen.gone], [0]);
    assert.equal(seen.goneOffsets[10], 0);
    assert.equal(seen.goneOffsets[11], 1);
    const sizes: number[] = [];
    const once = scripted(({ table }, window) => {
      if (window === 0) table.place(0);
      sizes.push(table.size);
    });
    const { byteCoverage } = await run(once, trace, seen, { entries: 1 });
    assert.equal(byteCoverage, 0);
    assert.deepEqual(sizes, [...Array.from({ length: 10 }, () => 1), 0, 0]);
  });

  it('keeps a flow that pauses for less', () => {
    const trace = traceOf([[1, ...Array.from({ length: 9 }, () => 0), 1]]);
    const seen = sightings(trace);
    assert.deepEqual([...seen.born], [0]);
    assert.equal(seen.meanLive, 1);
  });

  it('refuses flows beyond the capacity, and unknown flows', () => {
    const table = new EntryTable(1, 3);
    table.appear(0);
    table.appear(1);
    assert.equal(table.place(0), true);
    assert.equal(table.place(0), true);
    assert.equal(table.place(1), false);
    assert.throws(() => table.place(2), UnknownFlowError);
    assert.deepEqual([table.size, table.placed, table.refused], [1, 1, 1]);
    table.evict(0);
    table.evict(0);
    assert.equal(table.evicted, 1);
    assert.equal(table.place(1), true);
    table.disappear(1);
    assert.deepEqual([table.size, table.evicted], [0, 2]);
  });

  it('holds the clairvoyant to the best of each window, the reachable bound to known flows', () => {
    const trace = traceOf([
      [1, 2, 9],
      [0, 7, 1],
    ]);
    const { clairvoyant, reachable } = bounds(trace, sightings(trace), 1);
    assert.equal(clairvoyant.bytes, (1 + 7 + 9) / 20);
    assert.equal(reachable.bytes, (0 + 2 + 9) / 20);
    assert.equal(reachable.packets, 11 / 20);
  });

  it('never finds an algorithm above the reachable bound or a table above its capacity', async () => {
    await fc.assert(
      fc.asyncProperty(TRACES, fc.integer({ min: 1, max: 12 }), async (packets, entries) => {
        const trace = traceOf(packets);
        if (trace.flow.length === 0) return;
        const seen = sightings(trace);
        const { clairvoyant, reachable } = bounds(trace, seen, entries);
        assert.ok(reachable.bytes <= clairvoyant.bytes + 1e-12);
        assert.ok(reachable.packets <= clairvoyant.packets + 1e-12);
        for (const algorithm of ALGORITHMS.flatMap((a) => membersOf(a, trace, entries))) {
          const result = await run(algorithm, trace, seen, { entries });
          assert.ok(result.byteCoverage <= reachable.bytes + 1e-12, algorithm.name);
          assert.ok(result.packetCoverage <= reachable.packets + 1e-12, algorithm.name);
          assert.ok(result.meanEntries <= entries, algorithm.name);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('has every algorithm place all known flows when all fit', async () => {
    const trace = traceOf([
      [90_000, 90_000, 90_000],
      [0, 90_000, 90_000],
    ]);
    for (const algorithm of ALGORITHMS.flatMap((a) => membersOf(a, trace, 8))) {
      const { byteCoverage } = await run(algorithm, trace, sightings(trace), { entries: 8 });
      assert.equal(byteCoverage, 3 / 5, algorithm.name);
    }
  });
});
