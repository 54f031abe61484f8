import assert from 'node:assert/strict';
import {
  type DeploymentReport,
  formatConnectionsReport,
  isClean,
  connectionsReportOf,
} from '../../../lab/connections/report.ts';

const REPORT: DeploymentReport = {
  name: 'stateful ACL',
  off: { bitsPerSecond: 200e6, hostCpu: 1, offloadedShare: 0 },
  on: { bitsPerSecond: 1_000e6, hostCpu: 0.5, offloadedShare: 0.957 },
  survivesReturn: true,
  ruleChange: { reactionMs: 41, deliveredBytes: 0 },
  kept: { unsupported: 0.04, unused: 0.003 },
  restart: {
    off: { longestGapMs: 2_300, survives: true },
    on: { longestGapMs: 9_000, survives: false },
  },
};
const NOTHING: DeploymentReport = {
  ...REPORT,
  name: 'routed',
  ruleChange: { reactionMs: null, deliveredBytes: 1_400 },
  kept: {},
  restart: { off: null, on: null },
};

describe('the report of the labs ovn and openstack', () => {
  it('has a share, a ratio and a reaction for each deployment', () => {
    const [first, second] = connectionsReportOf([REPORT, NOTHING]).deployments;
    assert.deepEqual(
      [first.name, first.offloadedShare, first.ratio, first.ruleChangeMs],
      ['stateful ACL', 0.957, 5, 41],
    );
    assert.equal(second.ruleChangeMs, null);
  });

  it('is clean unless a connection dies, or something is delivered after an ACL drops it', () => {
    assert.ok(isClean(connectionsReportOf([REPORT])));
    assert.ok(!isClean(connectionsReportOf([REPORT, NOTHING])));
    assert.ok(!isClean(connectionsReportOf([{ ...REPORT, survivesReturn: false }])));
  });

  it('shows a line for each deployment', () => {
    const lines = formatConnectionsReport(connectionsReportOf([REPORT, NOTHING])).split('\n');
    assert.equal(lines.length, 3);
    assert.match(
      lines[1],
      /^stateful ACL +95\.7 % +200 -> 1000 +5\.0x +100\.0 % -> 50\.0 % +survives +41 ms +none +2\.3 s -> dead +unsupported 4\.0 %, unused 0\.3 %$/,
    );
    assert.match(lines[2], /^routed .* - +1400 bytes +- *$/);
  });
});
