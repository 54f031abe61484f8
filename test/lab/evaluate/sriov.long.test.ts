import assert from 'node:assert/strict';
import type { EvaluationPlan } from '../../../lab/evaluate/model/cells.ts';
import { runSriovLane } from '../../../lab/evaluate/on-host.ts';
import { needs } from '../../support/needs.ts';

const PLAN: EvaluationPlan = {
  mtus: [1_500],
  ports: [1],
  vms: [1],
  directions: ['receive'],
  repetitions: 1,
  seconds: 3,
};

describe('an evaluation of virtual functions', function () {
  this.timeout(900_000);

  before(function () {
    needs(this, 'kernel-guests', 'root', 'ovs', 'netns', 'iperf3');
  });

  it('measures a VM on both placements, in an emulated machine', async () => {
    const { cells, lanes } = await runSriovLane(PLAN);
    assert.deepEqual(
      cells.map(({ lane, placement, direction }) => [lane, placement, direction]),
      [
        ['sriov', 'onload', 'receive'],
        ['sriov', 'offload', 'receive'],
      ],
    );
    for (const cell of cells) {
      assert.ok(cell.bitsPerSecond > 1e6, JSON.stringify(cell));
      assert.ok(cell.profile.guests > 0, JSON.stringify(cell));
    }
    assert.match(lanes[0].machine.backend, /1 virtual functions? of /);
  });
});
