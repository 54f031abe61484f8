import assert from 'node:assert/strict';
import {
  formatSriovReport,
  isClean,
  NO_MOVES,
  type SriovReport,
} from '../../../lab/sriov/report.ts';
import { Pings } from '../../../lab/sriov/traffic/pings.ts';
import { retransmitsIn } from '../../../lab/sriov/traffic/retransmits.ts';

const REPORT: SriovReport = {
  moves: 20,
  unasked: 0,
  pings: 300,
  lost: 0,
  duplicates: 2,
  retransmits: 0,
  throughVf: 900,
  strays: 0,
  medianMs: { offload: 120, onload: 90 },
  faults: [{ fault: 'vf-unplugged', leaseMs: 10_000, backMs: 800, lost: 3, lostLater: 0 }],
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
    assert.equal(pings.last, 7);
    assert.deepEqual(pings.since(2), { pings: 5, lost: 2, duplicates: 1 });
    assert.deepEqual(pings.since(4), { pings: 3, lost: 2, duplicates: 0 });
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
    assert.ok(isClean({ ...NO_MOVES, faults: REPORT.faults, backend: '' }));
    const [fault] = REPORT.faults;
    for (const worse of [
      { lost: 1 },
      { retransmits: 1 },
      { throughVf: 0 },
      { unasked: 1 },
      { faults: [{ ...fault, backMs: 10_001 }] },
      { faults: [{ ...fault, lostLater: 1 }] },
    ]) {
      assert.ok(!isClean({ ...REPORT, ...worse }), JSON.stringify(worse));
    }
    assert.match(
      formatSriovReport(REPORT),
      /^20 moves .*\npings: 300 sent, 0 lost, 2 answered twice\n/,
    );
    assert.match(
      formatSriovReport(REPORT),
      /\nvirtual function unplugged: on the vSwitch after 800 ms \(lease 10000 ms\), 3 pings lost\n/,
    );
  });
});
