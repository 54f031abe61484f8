import assert from 'node:assert/strict';
import { medianOf } from '../../../lab/evaluate/model/cells.ts';
import { withFigures } from '../../../lab/evaluate/docs-page.ts';
import { htmlEvaluation } from '../../../lab/evaluate/report/html-report.ts';
import { formatEvaluation } from '../../../lab/evaluate/report/text-report.ts';
import { EVALUATION, PROFILE } from './fixture.ts';

describe('the report of an evaluation', () => {
  it('has a table for each lane with a line for each setting, onload beside offload', () => {
    const lines = formatEvaluation(EVALUATION).split('\n');
    assert.equal(lines[0], 'Lane xdp (offload: NIC table)');
    assert.match(
      lines[3],
      /^9000 +1 +1 +receive +2\.00 +6\.00 +3\.0x +50 % +50 % +1\.00 +40 % \(60 %\) +10 % \(50 %\)/,
    );
    assert.match(lines[4], /^9000 +1 +4 +receive +3\.00 +12\.00 +4\.0x/);
    const second = lines.indexOf('Lane fast-path (offload: fast path)');
    assert.match(lines[second + 3], /^9000 +1 +1 +receive +0\.50 +7\.00 +14\.0x/);
    assert.equal(lines.filter((line) => line.startsWith('Offload is ahead everywhere')).length, 2);
  });

  it('draws throughput and CPU over the number of VMs, with the figures of the study', () => {
    const html = htmlEvaluation(EVALUATION);
    assert.match(html, /<h2>Lane xdp<\/h2>[^]*<h2>Lane fast-path<\/h2>/);
    assert.match(html, /Throughput, receive, 1 port</);
    assert.match(
      html,
      /offload \(NIC table\), 4 VMs: 12\.0 Gbit\/s \(10\.8 Gbit\/s to 12\.0 Gbit\/s\)/,
    );
    assert.match(html, /study: 9\.9 Gbit\/s/);
    assert.match(html, /Busy CPU at a fixed rate, receive, 1 port/);
    assert.match(html, /a &lt;CPU&gt;, 2 CPUs/);
    assert.match(html, /3 % of the CPUs \(median\), 20 % at most; started at 2026-01-02 03:04 UTC/);
    assert.doesNotMatch(html, /NaN|undefined|<script|src=|href=/);
  });

  it('draws what there is of an evaluation that has not ended', () => {
    const [run] = EVALUATION.lanes;
    const longer = { ...run, plan: { ...run.plan, mtus: [9_000, 1_500], ports: [1, 2] } };
    const html = htmlEvaluation({ cells: EVALUATION.cells, lanes: [longer] });
    assert.match(html, /<h3>MTU 9000<\/h3>/);
    assert.doesNotMatch(html, /MTU 1500|2 ports|NaN|Infinity/);
  });

  it('becomes the figures of the page of documents', () => {
    const page = 'before\n<!-- figures: by a command -->\nold\n<!-- /figures -->\nafter\n';
    const lines = withFigures(page, EVALUATION).split('\n');
    assert.deepEqual(lines.slice(0, 3), [
      'before',
      '<!-- figures: by a command -->',
      '### Lane xdp',
    ]);
    assert.equal(
      lines.find((line) => line.startsWith('| 9000 | 1 | 4 |')),
      '| 9000 | 1 | 4 | receive | 3.00 (2.70 to 3.00) | 12.00 (10.80 to 12.00) | 4.0 | 50 % | 50 % | 60 % | 50 % |',
    );
    assert.deepEqual(lines.slice(-3), ['<!-- /figures -->', 'after', '']);
    assert.throws(() => withFigures('nothing', EVALUATION), /has no place for the figures/);
  });

  it('takes the value in the middle of each measure', () => {
    const samples = [1, 3, 2].map((n) => ({
      bitsPerSecond: n,
      hostCpu: 4 - n,
      busyCpu: n,
      profile: { ...PROFILE, guests: n * 10 },
    }));
    assert.deepEqual(medianOf(samples), {
      bitsPerSecond: 2,
      hostCpu: 2,
      busyCpu: 2,
      profile: { ...PROFILE, guests: 20 },
    });
  });
});
