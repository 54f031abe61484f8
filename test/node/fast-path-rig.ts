import assert from 'node:assert/strict';
import { runFastPath } from '../../lab/fast-path.ts';
import { needs } from '../support/needs.ts';

const SECONDS = 1;

/** A live TCP flow moves to the fast path and back, by a switch of this version. */
export function describeFastPathLab(version: '1.3' | '1.0'): void {
  describe(`lab fast-path, OpenFlow ${version}`, function () {
    this.timeout(90_000);

    before(function () {
      needs(this, 'root', 'netns', 'ovs', 'iperf3');
    });

    it('moves a live TCP flow to the fast path and back', async () => {
      const { runs } = await runFastPath({ seconds: SECONDS, versions: [version] });
      assert.equal(runs.length, 1);
      const [run] = runs;
      assert.ok(run.tcpSurvived, 'the connection lives');
      assert.ok(run.switch.startsWith(`OpenFlow ${version} to Open vSwitch`), run.switch);
      for (const phase of [run.slow, run.fast, run.slowAgain]) {
        assert.ok(phase.bitsPerSecond > 1e6, JSON.stringify(run));
        assert.ok(phase.hostCpu > 0 && phase.hostCpu <= 1);
      }
      // By the switch's own counters most of it went by the rule while it was there.
      assert.ok(run.carriedBytes * 8 > 0.3 * run.fast.bitsPerSecond * run.fast.seconds);
      assert.ok(run.toFastMs < 2_000 && run.toSlowMs < 2_000, JSON.stringify(run));
    });
  });
}
