import assert from 'node:assert/strict';
import { runEvaluation } from '../../../lab/evaluate/evaluate.ts';
import { needs } from '../../support/needs.ts';

describe('an evaluation on the real node', function () {
  this.timeout(120_000);

  before(function () {
    needs(this, 'root', 'netns', 'ovs', 'xdp', 'iperf3', 'cgroup2');
  });

  it('measures VMs on both placements, in both directions', async () => {
    const plan = { mtus: [1_500], ports: [1], vms: [2], repetitions: 1, seconds: 1 };
    const { cells, machine } = await runEvaluation(plan);
    assert.deepEqual(
      cells.map(({ placement, direction }) => [placement, direction]),
      [
        ['onload', 'receive'],
        ['offload', 'receive'],
        ['onload', 'transmit'],
        ['offload', 'transmit'],
      ],
    );
    for (const cell of cells) {
      assert.ok(cell.bitsPerSecond > 1e6, JSON.stringify(cell));
      assert.ok(cell.hostCpu >= 0 && cell.hostCpu <= cell.busyCpu, JSON.stringify(cell));
      const { bitsPerSecond } = cell.atFixedRate;
      assert.ok(bitsPerSecond > 0 && bitsPerSecond < cell.bitsPerSecond, JSON.stringify(cell));
    }
    assert.match(machine.vswitch, /Open vSwitch/);
  });
});
