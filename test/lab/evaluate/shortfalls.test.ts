import assert from 'node:assert/strict';
import type { Cell } from '../../../lab/evaluate/model/cells.ts';
import { verdictOf } from '../../../lab/evaluate/report/shortfalls.ts';
import { cell, laneRun, PROFILE } from './fixture.ts';

const RUN = laneRun('xdp');

function shortfalls(cells: readonly Cell[], run = RUN): readonly string[] {
  return verdictOf(cells, run).shortfalls;
}

describe('where offload is not ahead', () => {
  it('says nothing where it is', () => {
    assert.deepEqual(shortfalls([cell('xdp', 1, 'onload', 2), cell('xdp', 1, 'offload', 6)]), []);
  });

  it('says what limits a lower throughput, and which part costs more', () => {
    const onload = cell('xdp', 4, 'onload', 2);
    const offload: Cell = {
      ...cell('xdp', 4, 'offload', 1.6),
      busyCpu: 0.99,
      profile: { ...PROFILE, guests: 0.6, vswitch: 0 },
    };
    assert.deepEqual(shortfalls([onload, offload]), [
      'MTU 9000, 1 port, 4 VMs, receive: offload carries 0.80 times as much as onload; ' +
        'the CPUs are its limit (99 % busy). CPU time per Gbit: VMs and other ends 750 ms (onload 250 ms), ' +
        'ksoftirqd 63 ms (onload 50 ms), all else 38 ms (onload 30 ms), daemon 25 ms (onload 20 ms), ' +
        'vSwitch 0 ms (onload 400 ms).',
    ]);
    const [idle] = shortfalls([onload, { ...offload, busyCpu: 0.7 }]);
    assert.match(idle, /; the CPUs are not its limit \(70 % busy; 30 % in softirqs\)\. /);
  });

  it('says where CPU time at the same rate goes when it is not less', () => {
    const onload = cell('xdp', 1, 'onload', 2);
    const offload = cell('xdp', 1, 'offload', 6);
    const dear: Cell = { ...offload, atFixedRate: { ...offload.atFixedRate, busyCpu: 0.6 } };
    const [text, ...more] = shortfalls([onload, dear]);
    assert.match(
      text,
      /^MTU 9000, 1 port, 1 VM, receive: at 1\.00 Gbit\/s, 60 % of the CPUs are busy with offload and 60 % with onload\. CPU time per Gbit: /,
    );
    assert.deepEqual(more, []);
  });

  it('compares no CPU time beside other work, and says so', () => {
    const onload = cell('xdp', 1, 'onload', 2);
    const offload = cell('xdp', 1, 'offload', 6);
    const dear: Cell = { ...offload, atFixedRate: { ...offload.atFixedRate, busyCpu: 0.6 } };
    const disturbed = { ...RUN, otherWork: { median: 0.4, max: 0.9 } };
    assert.deepEqual(verdictOf([onload, dear], disturbed), {
      summary:
        'Other work took 40 % of the CPUs: throughputs are too low, and CPU time is not compared. ' +
        'Offload is ahead everywhere, in throughput.',
      shortfalls: [],
    });
  });

  it('judges the cells of its lane alone', () => {
    const cells = [cell('fast-path', 1, 'onload', 2), cell('fast-path', 1, 'offload', 1)];
    assert.deepEqual(shortfalls(cells), []);
    assert.equal(shortfalls(cells, laneRun('fast-path')).length, 1);
  });
});
