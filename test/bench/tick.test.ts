import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { escapedDump, writeEscapedDump } from '../../bench/support/dump-generator.ts';
import { isSizeFigures, type SizeFigures } from '../../bench/tick/figures.ts';
import { growthPlot } from '../../bench/tick/growth-plot.ts';
import { ownProgram } from '../support/own-program.ts';
import { runToEnd } from '../support/programs.ts';

const FLOWS = 12_000;
const SEED = 7;

describe('the bench of ticks', function () {
  this.timeout(60_000);
  let folder = '';
  let files: readonly string[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'norikae-test-tick-'));
    files = [0, 1].map((look) => join(folder, `dump-${look}`));
    for (const [look, file] of files.entries()) {
      await writeEscapedDump(file, { flows: FLOWS, seed: SEED, look });
    }
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('writes the same dumps as it keeps in memory', async () => {
    const expected = escapedDump({ flows: FLOWS, seed: SEED, look: 1 });
    assert(expected.equals(await readFile(files[1])));
  });

  it('measures every flow, and does not count the dump as memory of the process', async () => {
    const program = [...ownProgram('bench/tick/measure-size'), '3', ...files];
    const { code, output } = await runToEnd(process.execPath, program, { timeoutMs: 50_000 });
    assert.equal(code, 0, output);
    const figures: unknown = JSON.parse(output);
    assert(isSizeFigures(figures), output);
    assert.equal(figures.flows, FLOWS);
    const { total, ingest, rates, decide, rules } = figures.stages;
    assert(ingest > 0 && rules > 0 && decide >= rules, output);
    assert(Math.abs(total - ingest - rates - decide) < 1e-6, output);
    const largest = Math.max((await readFile(files[0])).length, (await readFile(files[1])).length);
    assert.equal(figures.dumpMb, largest / 1e6);
    assert(figures.ownMb > 20, output);
  });

  it('draws time and memory over the number of flows', () => {
    const size = (flows: number, total: number, ownMb: number): SizeFigures => ({
      flows,
      stages: { ingest: 1, rates: 1, decide: 1, rules: 1, total },
      ownMb,
      growthMb: 0,
      dumpMb: 1,
    });
    const svg = growthPlot([size(1_000, 5, 90), size(1_000_000, 1_500, 900)]);
    for (const label of ['>5 ms<', '>1.5 s<', '>90 MB<', '>900 MB<', '>1,000,000<', '>10 s<']) {
      assert(svg.includes(label), label);
    }
    assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
  });
});
