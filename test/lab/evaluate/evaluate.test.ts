import assert from 'node:assert/strict';
import type { Cell, EvaluationPlan } from '../../../lab/evaluate/model/cells.ts';
import { runEvaluation } from '../../../lab/evaluate/evaluate.ts';
import { needs } from '../../support/needs.ts';

const PLAN: EvaluationPlan = {
  mtus: [1_500],
  ports: [1],
  vms: [2],
  directions: ['receive'],
  repetitions: 1,
  seconds: 1,
};

/** Each cell has moved data at both rates, and CPU time was found where some is used. */
function assertMeasured(cells: readonly Cell[]): void {
  for (const cell of cells) {
    assert.ok(cell.bitsPerSecond > 1e6, JSON.stringify(cell));
    assert.ok(cell.hostCpu >= 0 && cell.hostCpu <= cell.busyCpu, JSON.stringify(cell));
    const { bitsPerSecond } = cell.atFixedRate;
    assert.ok(bitsPerSecond > 0 && bitsPerSecond < cell.bitsPerSecond, JSON.stringify(cell));
    const { guests, daemon, vswitch } = cell.profile;
    assert.ok(guests > 0 && daemon > 0, JSON.stringify(cell));
    if (cell.placement === 'onload') assert.ok(vswitch > 0, JSON.stringify(cell));
  }
}

describe('an evaluation on the real node', function () {
  this.timeout(120_000);

  before(function () {
    needs(this, 'root', 'netns', 'ovs', 'xdp', 'iperf3', 'cgroup2');
  });

  it('measures VMs on both placements, in both directions', async () => {
    const plan: EvaluationPlan = { ...PLAN, directions: ['receive', 'transmit'] };
    const { cells, lanes } = await runEvaluation('xdp', plan);
    assert.deepEqual(
      cells.map(({ lane, placement, direction }) => [lane, placement, direction]),
      [
        ['xdp', 'onload', 'receive'],
        ['xdp', 'offload', 'receive'],
        ['xdp', 'onload', 'transmit'],
        ['xdp', 'offload', 'transmit'],
      ],
    );
    assertMeasured(cells);
    assert.match(lanes[0].machine.vswitch, /Open vSwitch/);
    assert.match(lanes[0].machine.backend, /XDP/);
  });

  it('measures the fast path beside VMs that route, without work of the vSwitch', async () => {
    const { cells, lanes } = await runEvaluation('fast-path', PLAN);
    assert.deepEqual(
      cells.map(({ lane, placement }) => [lane, placement]),
      [
        ['fast-path', 'onload'],
        ['fast-path', 'offload'],
      ],
    );
    assertMeasured(cells);
    const [onload, offload] = cells.map((cell) => cell.profile.vswitch / cell.bitsPerSecond);
    assert.ok(offload < onload / 4, `vSwitch: ${onload} onload, ${offload} offload`);
    assert.match(lanes[0].machine.backend, /^OpenFlow 1\.3 to Open vSwitch/);
  });
});
