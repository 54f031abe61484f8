import assert from 'node:assert/strict';
import { NORIKAE } from '../../../bench/decisions/algorithms/norikae.ts';
import type { Algorithm } from '../../../bench/decisions/game/algorithm.ts';
import { HARDWARE, IDEAL } from '../../../bench/decisions/game/hardware.ts';
import type { Layout } from '../../../bench/decisions/game/layout.ts';
import { run, type RunResult } from '../../../bench/decisions/game/run.ts';
import { generate } from '../../../bench/decisions/traces/generator.ts';
import { INPUTS } from '../../../bench/decisions/traces/inputs.ts';
import { type Sightings, sightings } from '../../../bench/decisions/traces/sightings.ts';
import type { Trace } from '../../../bench/decisions/traces/trace.ts';

/** About 1,900 flows, of which 390 send in a window, for 400 entries. */
const OPTIONS = { liveFlows: 2000, seed: 2001, windowMs: 250, warmUpWindows: 40, windows: 160 };
const ENTRIES = 400;

/** Tries every flow of the vSwitch in each window, and never gives up an entry. */
const EXHAUSTIVE: Algorithm = {
  name: 'exhaustive',
  create: () => ({
    decide: ({ table }) => {
      for (let i = 0; i < table.known.size; i++) table.place(table.known.at(i));
    },
  }),
};

/**
 * Tables that refuse, and the bytes to carry as a part of those that a table carries which refuses
 * nobody: what was reached, less 3 hundredths.
 */
const CROWDED: readonly { name: string; layout: Layout; minBytes: number }[] = [
  {
    name: 'double hashing with 24 probes',
    layout: { kind: 'double-hashing', probeDepth: 24 },
    minBytes: 0.96,
  },
  {
    name: 'double hashing with 200 probes',
    layout: { kind: 'double-hashing', probeDepth: 200 },
    minBytes: 0.96,
  },
  { name: 'buckets of 4 entries', layout: { kind: 'buckets', ways: 4 }, minBytes: 0.84 },
];

describe('a table with the limits of real ones', function () {
  this.timeout(60_000);
  let trace: Trace;
  let seen: Sightings;
  let withoutRefusals: RunResult;

  before(async () => {
    const input = INPUTS.find(({ name }) => name === 'mix') ?? INPUTS[0];
    ({ trace } = generate(input, OPTIONS));
    seen = sightings(trace);
    withoutRefusals = await run(NORIKAE, trace, seen, { entries: ENTRIES });
  });

  for (const { name, layout, minBytes } of CROWDED) {
    it(`is as full as if every flow were tried, and carries nearly as much: ${name}`, async () => {
      const spec = { entries: ENTRIES, hardware: { name, layout } };
      const ours = await run(NORIKAE, trace, seen, spec);
      const exhaustive = await run(EXHAUSTIVE, trace, seen, spec);
      const filled = ours.meanEntries / exhaustive.meanEntries;
      assert.ok(ours.refusalsPerSecond > 20, `${ours.refusalsPerSecond} refusals/s`);
      assert.ok(filled >= 0.97, `${filled} of what can be filled`);
      const carried = ours.byteCoverage / withoutRefusals.byteCoverage;
      assert.ok(carried >= minBytes, `${carried} of what is carried without refusals`);
    });
  }

  /** Bytes to carry as a part of those that an ideal table carries: what was reached, less 3 hundredths. */
  const SLOW: Readonly<Record<string, number>> = {
    'rules-33000': 0.96,
    'rules-5000': 0.96,
    'rules-500': 0.96,
    'late-500': 0.96,
    'late-2000': 0.95,
    'coarse-10': 0.97,
    heartbeats: 0.96,
    'slow-hash': 0.84,
    switchdev: 0.73,
  };

  for (const [name, minBytes] of Object.entries(SLOW)) {
    it(`carries nearly as much when it is slow, late or coarse: ${name}`, async () => {
      const hardware = HARDWARE.find((each) => each.name === name) ?? IDEAL;
      assert.equal(hardware.name, name);
      const { byteCoverage } = await run(NORIKAE, trace, seen, { entries: ENTRIES, hardware });
      const carried = byteCoverage / withoutRefusals.byteCoverage;
      assert.ok(carried >= minBytes, `${carried} of what is carried by an ideal table`);
    });
  }

  it('is filled again when others have used a part of it for a while', async () => {
    const foreignAt = (endMs: number): number => (endMs > 15_000 && endMs <= 25_000 ? 160 : 0);
    const { meanEntries, meanFree } = await run(NORIKAE, trace, seen, {
      entries: ENTRIES,
      foreignAt,
    });
    assert.ok(meanEntries < 370, 'others have had entries');
    const filled = meanEntries / (meanEntries + meanFree);
    assert.ok(filled >= 0.97, `${filled} of the entries that others left`);
  });
});
