import assert from 'node:assert/strict';
import { runOffload } from '../../lab/offload.ts';
import { formatOffloadReport } from '../../lab/offload-report.ts';
import { needs } from '../support/needs.ts';

describe('lab offload: a live TCP flow moves to the NIC table and back', function () {
  this.timeout(120_000);

  before(function () {
    needs(this, 'root', 'netns', 'ovs', 'xdp', 'iperf3');
  });

  it('faster, soon, and with the connection alive', async () => {
    const report = await runOffload({ seconds: 2 });
    assert.equal(report.tcpSurvived, true);
    assert.deepEqual(
      report.moves.map((move) => move.to),
      ['offload', 'onload', 'offload', 'onload', 'offload'],
    );
    assert.ok(report.reactionMs > 0 && report.reactionMs < 1_000, `${report.reactionMs} ms`);
    assert.ok(report.ratio > 1.5, `the NIC carries ${report.ratio} times the vSwitch's traffic`);
    for (const phase of [report.onload, report.offload]) {
      assert.ok(phase.bitsPerSecond > 1e7);
      assert.ok(phase.hostCpu > 0 && phase.hostCpu <= 1);
    }
    assert.match(formatOffloadReport(report), /survived: yes/);
  });
});
