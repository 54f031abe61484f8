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
  ruleChange: { reactionMs: 41, deliveredBytes: 0 },
  kept: { unsupported: 0.04, unused: 0.003 },
};
const NOTHING: DeploymentReport = {
  ...REPORT,
  name: 'routed',
  ruleChange: { reactionMs: null, deliveredBytes: 1_400 },
  kept: {},
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

  it('is clean unless something is delivered after an ACL drops it', () => {
    assert.ok(isClean(connectionsReportOf([REPORT])));
    assert.ok(!isClean(connectionsReportOf([REPORT, NOTHING])));
  });

  it('shows a line for each deployment', () => {
    const lines = formatConnectionsReport(connectionsReportOf([REPORT, NOTHING])).split('\n');
    assert.equal(lines.length, 3);
    assert.match(
      lines[1],
      /^stateful ACL +95\.7 % +200 -> 1000 +5\.0x +100\.0 % -> 50\.0 % +41 ms +none +unsupported 4\.0 %, unused 0\.3 %$/,
    );
    assert.match(lines[2], /^routed .* - +1400 bytes *$/);
  });
});
