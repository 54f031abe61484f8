import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compare } from '../../bench/support/report.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { needs } from '../support/needs.ts';
import { ownProgram } from '../support/own-program.ts';
import { runToEnd } from '../support/programs.ts';

const RUN_MS = 120_000;

/** Runs the benches that are named, quickly. */
function bench(...args: string[]) {
  const all = [...ownProgram('bench/main'), ...args, '--quick'];
  return runToEnd(process.execPath, all, { timeoutMs: RUN_MS });
}

/** Names of the reports in what `--json` printed. */
function reportsIn(output: string): readonly string[] {
  const found: { reports: { name: string; comparisons: unknown[] }[] } = JSON.parse(output);
  assert.deepEqual(Object.keys(found), ['reports']);
  for (const { comparisons } of found.reports) assert(comparisons.length > 0);
  return found.reports.map(({ name }) => name);
}

describe('npm run bench', function () {
  this.timeout(RUN_MS + 10_000);

  it('--json prints the same shape for one bench', async () => {
    const { code, output } = await bench('plan', '--json');
    assert.equal(code, 0, output);
    assert.deepEqual(reportsIn(output), ['plan']);
  });

  it('--json prints the same shape for several, in the order given', async () => {
    const { code, output } = await bench('influx', 'plan', '--json');
    assert.equal(code, 0, output);
    assert.deepEqual(reportsIn(output), ['influx', 'plan']);
  });

  it('has the shape that docs/benchmarks.md gives', () => {
    const page = readFileSync(join(packageRoot(), 'docs/benchmarks.md'), 'utf8');
    assert(page.includes('`{"reports": [...]}`'));
    const comparison = compare('a bench', { ours: 2, peer: 1 }, 'ms', 'lower');
    for (const key of Object.keys(comparison)) assert(page.includes(`\`${key}\``), key);
  });

  it('reports an unknown benchmark', async () => {
    const { code, output } = await bench('plann');
    assert.equal(code, 2);
    assert.match(output, /there is no benchmark plann\nusage: /);
  });

  describe('apply', () => {
    before(function () {
      needs(this, 'root', 'netns', 'xdp');
    });

    it('runs in comparison with bpftool', async function () {
      needs(this, 'bpftool');
      const { code, output } = await bench('apply', '--json');
      assert.equal(code, 0, output);
      assert.deepEqual(reportsIn(output), ['apply']);
    });

    it('says what to install when bpftool is missing', async () => {
      const all = [...ownProgram('bench/main'), 'apply', '--quick'];
      const options = { timeoutMs: RUN_MS, env: { ...process.env, PATH: '/nowhere' } };
      const { code, output } = await runToEnd(process.execPath, all, options);
      assert.equal(code, 1);
      assert.match(output, /bpftool is missing: apt-get install bpftool/);
    });
  });
});
