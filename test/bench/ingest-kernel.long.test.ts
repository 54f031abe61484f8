import assert from 'node:assert/strict';
import { needs } from '../support/needs.ts';
import { ownProgram } from '../support/own-program.ts';
import { runToEnd } from '../support/programs.ts';

const RUN_MS = 600_000;

describe('npm run bench -- ingest-kernel', function () {
  this.timeout(RUN_MS + 10_000);

  it('compares readings in a guest, of which those from the kernel cost ovs-vswitchd nothing', async function () {
    needs(this, 'kernel-guests', 'ovs', 'netns', 'xdp');
    const all = [...ownProgram('bench/main'), 'ingest-kernel', '--json', '--quick'];
    const { code, output } = await runToEnd(process.execPath, all, { timeoutMs: RUN_MS });
    assert.equal(code, 0, output);
    // The output has the progress of the run, too.
    const json = output.split('\n').find((line) => line.startsWith('{"reports"'));
    assert(json !== undefined, output);
    const [report] = JSON.parse(json).reports;
    assert.equal(report.name, 'ingest-kernel');
    for (const { ours, peer } of report.comparisons) assert(ours > 0 && peer > 0);
    const { kernel, vswitchd } = report.figures;
    assert(kernel.vswitchdCpuMs < vswitchd.vswitchdCpuMs / 2, JSON.stringify(report.figures));
  });
});
