import assert from 'node:assert/strict';
import {
  type Cell,
  type Evaluation,
  medianOf,
  type Placement,
  STUDY_PLAN,
} from '../../../lab/evaluate/cells.ts';
import { htmlEvaluation } from '../../../lab/evaluate/html-report.ts';
import { formatEvaluation } from '../../../lab/evaluate/text-report.ts';

const PLAN = { ...STUDY_PLAN, mtus: [9_000], ports: [2], vms: [1, 4] };
const MACHINE = {
  cpus: 2,
  model: 'a <CPU>',
  kernel: '6.12.1',
  vswitch: 'ovs-vswitchd 3.1.0',
  backend: 'XDP',
};

function cell(vms: number, placement: Placement, gbit: number): Cell {
  const sample = { bitsPerSecond: gbit * 1e9, hostCpu: 0.5, busyCpu: 0.75 };
  const lower = { ...sample, bitsPerSecond: sample.bitsPerSecond * 0.9 };
  const repetitions = [lower, sample, sample];
  const atFixedRate = {
    bitsPerSecond: 1e9,
    hostCpu: placement === 'offload' ? 0.1 : 0.4,
    busyCpu: 0.6,
  };
  const setting = { lane: 'xdp', mtu: 9_000, ports: 2, vms, direction: 'receive' } as const;
  return { ...setting, placement, ...sample, repetitions, atFixedRate };
}

const EVALUATION: Evaluation = {
  cells: [
    cell(1, 'onload', 2),
    cell(1, 'offload', 6),
    cell(4, 'onload', 3),
    cell(4, 'offload', 12),
  ],
  plan: PLAN,
  machine: MACHINE,
};

describe('the report of an evaluation', () => {
  it('has a line for each setting, onload beside offload', () => {
    const lines = formatEvaluation(EVALUATION).split('\n');
    assert.match(
      lines[2],
      /^9000 +2 +1 +receive +2\.00 +6\.00 +3\.0x +50 % +50 % +1\.00 +40 % \(60 %\) +10 % \(60 %\)/,
    );
    assert.match(lines[3], /^9000 +2 +4 +receive +3\.00 +12\.00 +4\.0x/);
  });

  it('draws throughput and CPU over the number of VMs, with the figures of the study', () => {
    const html = htmlEvaluation(EVALUATION);
    assert.match(html, /Throughput, receive, 2 ports/);
    assert.match(
      html,
      /offload \(NIC table\), 4 VMs: 12\.0 Gbit\/s \(10\.8 Gbit\/s to 12\.0 Gbit\/s\)/,
    );
    assert.match(html, /study, at most: 15\.2 Gbit\/s/);
    assert.match(html, /Busy CPU at a fixed rate, receive, 2 ports/);
    assert.match(html, /a &lt;CPU&gt;/);
    assert.doesNotMatch(html, /NaN|undefined|<script/);
  });

  it('takes the value in the middle of each measure', () => {
    const samples = [1, 3, 2].map((n) => ({ bitsPerSecond: n, hostCpu: 4 - n, busyCpu: n }));
    assert.deepEqual(medianOf(samples), { bitsPerSecond: 2, hostCpu: 2, busyCpu: 2 });
  });
});
