import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../bench/decisions/bench.ts';
import { meanFigures, type SettingFigures } from '../../bench/decisions/game/figures.ts';
import { DecisionOptionError, scopeOf } from '../../bench/decisions/options.ts';
import { leadNotes, leadsOf } from '../../bench/decisions/paired-lead.ts';
import { coveragePlot } from '../../bench/decisions/plots/coverage-plot.ts';
import { element } from '../../bench/decisions/plots/svg.ts';
import { comparisonsOf, rankingOf } from '../../bench/decisions/ranking.ts';
import { formatReport } from '../../bench/support/report.ts';

/** Figures of one setting: byte coverage, packet coverage and operations/s by algorithm. */
function figures(
  setting: { readonly input?: string; readonly entries?: number },
  algorithms: Readonly<Record<string, readonly [number, number, number]>>,
): SettingFigures {
  return {
    input: setting.input ?? 'mix',
    load: 500,
    windowMs: 1000,
    entries: setting.entries ?? 64,
    trace: { liveFlows: 500, sendingFlows: 200, bitsPerSecond: 1e9, packetsPerSecond: 1e5 },
    bounds: { clairvoyant: { bytes: 1, packets: 1 }, reachable: { bytes: 0.9, packets: 0.8 } },
    algorithms: Object.entries(algorithms).map(([algorithm, [bytes, packets, operations]]) => ({
      algorithm,
      byteCoverage: bytes,
      packetCoverage: packets,
      operationsPerSecond: operations,
      refusalsPerSecond: 0,
      msPerDecision: 1,
      meanEntries: 64,
      meanFree: 0,
      clairvoyantByteShare: bytes,
      clairvoyantPacketShare: packets,
      reachableByteShare: bytes / 0.9,
      reachablePacketShare: packets / 0.8,
    })),
  };
}

/** Fails when the tags of `text` are not nested as they have to be. */
function assertNested(text: string): void {
  const open: string[] = [];
  for (const [, close, name, single] of text.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (close === '/') assert.equal(open.pop(), name);
    else if (single === '') open.push(name);
  }
  assert.deepEqual(open, []);
}

describe('the report of the decisions bench', () => {
  it('compares ours with the best other, as means over the inputs', () => {
    const comparisons = comparisonsOf([
      figures({ input: 'a' }, { norikae: [0.8, 0.6, 10], 'top-k-bytes': [0.4, 0.6, 40] }),
      figures({ input: 'b' }, { norikae: [0.6, 0.8, 10], 'top-k-bytes': [0.4, 0.6, 20] }),
    ]);
    assert.deepEqual(
      comparisons.map((c) => [Math.round(c.ours), Math.round(c.peer), c.ratio.toFixed(2)]),
      [
        [70, 40, '1.75'],
        [70, 60, '1.17'],
        [10, 30, '3.00'],
      ],
    );
  });

  it('counts the settings in which another algorithm is ahead', () => {
    const [bytes, packets, nearBytes] = rankingOf([
      figures({ entries: 64 }, { norikae: [0.5, 0.5, 1], lru: [0.4, 0.7, 1], lfu: [0.1, 0.1, 1] }),
      figures({ entries: 256 }, { norikae: [0.5, 0.5, 1], lru: [0.5, 0.4, 1], lfu: [0, 0, 1] }),
    ]);
    assert.match(bytes, /ahead in 1, level in 1, behind in 0; 0\.0 points at the least/);
    assert.match(nearBytes, /^bytes, of the lowest ceiling: 55\.6% on average, 55\.6% in mix 500/);
    assert.match(packets, /ahead in 1, level in 0, behind in 1; -20\.0 points .*beside lru/);
  });

  it('gives the paired interval of the lead over the best opponent', () => {
    const runs = [0.5, 0.6, 0.7].map((bytes, i) =>
      figures({}, { norikae: [bytes, 0.5, 9], lru: [bytes - 0.01 * i, 0.5, 3], lfu: [0, 0.6, 1] }),
    );
    const leads = leadsOf(runs);
    assert.ok(leads !== undefined);
    assert.equal(leads.bytes.opponent, 'lru');
    // Differences of 0, 1 and 2 points: 1 point, +- 4.303 x 1 / sqrt(3).
    assert.ok(Math.abs(leads.bytes.mean - 0.01) < 1e-9);
    assert.ok(Math.abs(leads.bytes.low - (0.01 - 0.04303 / Math.sqrt(3))) < 1e-6);
    assert.ok(Math.abs(leads.packets.high + 0.1) < 1e-9, 'no spread, no width');
    const [bytes, , dominated, packets] = leadNotes([{ ...meanFigures(runs), leads }]);
    assert.match(bytes, /ends below -0\.3 points in 1 of 1 contended/);
    assert.match(dominated, /more coverage and fewer operations: 0/);
    assert.match(packets, /^packets: .* in 1 of 1/);
    assert.equal(leadsOf(runs.slice(0, 1)), undefined);
  });

  it('tunes nothing on traffic that is kept apart', () => {
    const names = (seeds?: string): string[] =>
      scopeOf({ seeds }, false).inputs.map((input) => input.name);
    assert.equal(names('tune').includes('streaming'), false);
    assert.equal(names().includes('streaming'), true);
    assert.equal(scopeOf({}, false).seeds.length, 20);
  });

  it('refuses invalid options, with the valid ones', () => {
    assert.throws(
      () => scopeOf({ inputs: 'mix,mox' }, false),
      (error: unknown) => error instanceof DecisionOptionError && /web-search/.test(error.message),
    );
    assert.throws(() => scopeOf({ tables: '64,x' }, false), DecisionOptionError);
    assert.throws(() => scopeOf({ seeds: 'all' }, false), DecisionOptionError);
    assert.throws(() => scopeOf({ trace: 'a.csv', loads: '500' }, false), DecisionOptionError);
    const { seeds: tune } = scopeOf({ seeds: 'tune' }, false);
    const { seeds: report } = scopeOf({}, false);
    assert.ok(!tune.some((seed) => report.includes(seed)));
  });

  it('draws documents whose tags are nested and whose words are escaped', () => {
    const svg = coveragePlot(
      [64, 256].map((entries) =>
        figures({ entries }, { norikae: [0.5, 0.5, 1], '<&"': [0, 0, 0] }),
      ),
      { unit: 'bytes', of: (a) => a.byteCoverage },
    );
    assertNested(svg);
    assert.match(svg, /&lt;&amp;&quot;/);
    assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
    assert.equal(element('a', { b: '"<' }), '<a b="&quot;&lt;"/>');
  });

  it('runs small, prints every algorithm and writes plots', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'norikae-plots-'));
    try {
      const report = await run({
        quick: true,
        signal: new AbortController().signal,
        decisions: { inputs: 'rpc', loads: '200', tables: '16,64', plots: folder },
      });
      const printed = formatReport(report);
      for (const name of ['clairvoyant', 'reachable', 'norikae', 'lru', 'ovs-rebalancer', 'hhf']) {
        assert.match(printed, new RegExp(`^${name} `, 'm'));
      }
      assert.equal(report.comparisons.length, 6);
      const svg = await readFile(join(folder, 'operations-packets-1000ms.svg'), 'utf8');
      assertNested(svg);
      assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('stops when its signal is aborted', async () => {
    await assert.rejects(
      run({ quick: true, signal: AbortSignal.abort(new Error('interrupted')) }),
      /interrupted/,
    );
  });
});
