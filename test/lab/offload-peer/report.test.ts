import assert from 'node:assert/strict';
import type { SystemResult } from '../../../lab/offload-peer/experiment.ts';
import { formatPeerReport, reportOf } from '../../../lab/offload-peer/report.ts';
import { makeScene } from '../../../lab/offload-peer/scenes.ts';

const RESULT: SystemResult = {
  sentBytes: 1_000_000,
  sentPackets: 1_000,
  carriedBytes: 400_000,
  carriedPackets: 500,
  insertions: 20,
  refusals: 30,
  reactionMs: [3_000, 1_000, null],
  latestMs: 12,
  leftOut: 'dp:ovs',
};
const NORIKAE: SystemResult = {
  ...RESULT,
  carriedBytes: 900_000,
  refusals: 0,
  reactionMs: [200, 400, 300],
  leftOut: 'worth too little',
};

describe('the report of the offload peer', () => {
  const report = reportOf(makeScene({ name: 'rates', quick: true }), {
    ovs: RESULT,
    norikae: NORIKAE,
  });

  it('has the ratio of bytes, the median reaction, and the operations of both', () => {
    assert.equal(report.ratio, 2.25);
    assert.deepEqual(report.reactionMs, { norikae: 300, ovs: 3_000 });
    assert.deepEqual(report.operations, {
      norikae: { insertions: 20, refusals: 0 },
      ovs: { insertions: 20, refusals: 30 },
    });
    assert.deepEqual(report.leftOut, { norikae: 'worth too little', ovs: 'dp:ovs' });
  });

  it('has no reaction where half of the probes were not carried', () => {
    const none = { ...RESULT, reactionMs: [null, null, 5] };
    const without = reportOf(makeScene({ name: 'rates', quick: true }), {
      ovs: none,
      norikae: NORIKAE,
    });
    assert.equal(without.reactionMs.ovs, null);
    assert.match(
      formatPeerReport(without),
      /quartiles +200 ms, 300 ms, 300 ms +5 ms, never, never/,
    );
  });

  it('is readable', () => {
    const text = formatPeerReport(report);
    assert.match(text, /by the NIC +0\.90 of 1\.00 MB, 90\.0 % +0\.40 of 1\.00 MB, 40\.0 %/);
    assert.match(text, /packets of those sent +50\.0 % +50\.0 %/);
    assert.match(text, /new flows carried +3 of 3 +2 of 3/);
    assert.match(text, /Norikae: 2\.25 times the bytes/);
  });
});
