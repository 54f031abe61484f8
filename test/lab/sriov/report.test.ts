import assert from 'node:assert/strict';
import { formatSriovReport, isClean, type SriovReport } from '../../../lab/sriov/report.ts';
import { Pings, retransmitsIn } from '../../../lab/sriov/traffic.ts';

const REPORT: SriovReport = {
  moves: 20,
  pings: 300,
  lost: 0,
  duplicates: 2,
  retransmits: 0,
  throughVf: 900,
  strays: 0,
  medianMs: { offload: 120, onload: 90 },
  backend: 'a NIC',
};

describe('the experiment with virtual functions', () => {
  it('counts lost and repeated answers to pings', () => {
    const pings = new Pings();
    for (const line of [
      'answer 3',
      'answer 4',
      'answer 4',
      'answer',
      'Traceback (most recent call last):',
      'answer 7',
    ]) {
      pings.add(line);
    }
    assert.deepEqual(pings.counts(), { pings: 5, lost: 2, duplicates: 1 });
  });

  it('reads what TCP sent again from the counters of the kernel', () => {
    const snmp = [
      'Ip: Forwarding DefaultTTL',
      'Ip: 2 64',
      'Tcp: RtoAlgorithm InSegs OutSegs RetransSegs InErrs',
      'Tcp: 1 900 800 7 0',
      'Udp: InDatagrams',
      'Udp: 3',
    ];
    assert.equal(retransmitsIn(snmp.join('\n')), 7);
    assert.throws(() => retransmitsIn('Ip: Forwarding\nIp: 2'), /no RetransSegs/);
  });

  it('is clean without a loss, if the virtual function carried packets', () => {
    assert.ok(isClean(REPORT));
    for (const worse of [{ lost: 1 }, { retransmits: 1 }, { throughVf: 0 }]) {
      assert.ok(!isClean({ ...REPORT, ...worse }), JSON.stringify(worse));
    }
    assert.match(
      formatSriovReport(REPORT),
      /^20 moves .*\npings: 300 sent, 0 lost, 2 answered twice\n/,
    );
  });
});
