import assert from 'node:assert/strict';
import { LANES, lanesOf, NothingToMeasure, planOf } from '../../../lab/evaluate/model/lanes.ts';
import type { Evaluation } from '../../../lab/evaluate/model/cells.ts';
import { joinScenes } from '../../../lab/evaluate/model/join-scenes.ts';
import { Remaining } from '../../../lab/evaluate/remaining.ts';
import { cell, laneRun } from './fixture.ts';

describe('the plan of an evaluation', () => {
  it('is that of the study, for each lane', () => {
    const { mtus, ports, vms } = planOf('xdp', false, {});
    assert.deepEqual(
      { mtus, ports, vms },
      { mtus: [9_000, 1_500], ports: [1, 2], vms: [1, 2, 4, 8] },
    );
    assert.deepEqual(lanesOf('all'), Object.keys(LANES));
    assert.deepEqual(lanesOf('xdp'), ['xdp']);
  });

  it('has the parts that were chosen, where the lane has them', () => {
    const plan = planOf('fast-path', true, { ports: [1, 2], vms: [3] });
    assert.deepEqual([plan.ports, plan.vms, plan.repetitions], [[1], [3], 1]);
    assert.throws(() => planOf('fast-path', false, { ports: [2] }), NothingToMeasure);
    const emulated = planOf('sriov', false, { mtus: [9_000, 1_500], vms: [1, 8], ports: [1, 2] });
    assert.deepEqual([emulated.mtus, emulated.ports, emulated.vms], [[9_000, 1_500], [1], [1]]);
    assert.throws(() => planOf('sriov', false, { vms: [8] }), {
      name: 'NothingToMeasure',
      message: 'lane sriov has VMs 1, not 8',
    });
  });

  it('of a lane whose scenes are measured apart becomes one run', () => {
    const scene = (mtu: number, load: number): Evaluation => ({
      cells: [{ ...cell('sriov', 1, 'onload', 1), mtu }],
      lanes: [{ ...laneRun('sriov'), otherWork: { median: load, max: load }, tookSeconds: 20 }],
    });
    const plan = planOf('sriov', false, {});
    const { cells, lanes } = joinScenes(plan, [scene(9_000, 0.2), scene(1_500, 0.1)]);
    assert.deepEqual(
      cells.map(({ mtu }) => mtu),
      [9_000, 1_500],
    );
    assert.equal(lanes.length, 1);
    assert.deepEqual(lanes[0], {
      ...laneRun('sriov'),
      plan,
      otherWork: { median: 0.1, max: 0.2 },
      tookSeconds: 40,
    });
  });

  it('says how long the rest takes', () => {
    let nowMs = 0;
    const remaining = new Remaining(4, () => nowMs);
    assert.equal(remaining.text(), '1 of 4');
    nowMs = 20_000;
    remaining.oneDone();
    assert.equal(remaining.text(), '2 of 4, about 60 s to go');
    nowMs = 120_000;
    remaining.oneDone();
    assert.equal(remaining.text(), '3 of 4, about 2 min to go');
    assert.equal(remaining.elapsedSeconds(), 120);
  });
});
