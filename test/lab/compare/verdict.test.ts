import assert from 'node:assert/strict';
import type { Arrivals, Measures } from '../../../lab/compare/verdict/measures.ts';
import { type CaseParameters, matrix } from '../../../lab/compare/cases/parameters.ts';
import { type CompareReport, formatCompareReport, reportOf } from '../../../lab/compare/report.ts';
import { deviation } from '../../../lab/compare/verdict/tolerances.ts';
import { differencesOf } from '../../../lab/compare/verdict/verdict.ts';

const PARAMETERS: CaseParameters = {
  protocol: 'udp',
  surroundings: 'nft-drop',
  tx: 'off',
  tso: 'off',
  gro: 'on',
  backend: 'xdp-native',
  hook: 'egress',
  match: 'port',
};

function arrivals(sent: number, received: number, more: Partial<Arrivals> = {}): Arrivals {
  return { sent, received, duplicates: 0, late: 0, corrupt: 0, ...more };
}

function measures(before: Arrivals, after: Arrivals, more: Partial<Measures> = {}): Measures {
  return {
    streams: [{ from: 'socket', unit: 'packets', before, after }],
    checksumErrors: 0,
    reported: 0,
    accountedBytes: 100_000,
    bystander: { bitsPerSecond: 2e9, bytesPerPacket: 50_000 },
    ...more,
  };
}

const same = measures(arrivals(150, 150), arrivals(150, 0));

function texts(
  withNorikae: Measures,
  { without = same, parameters = PARAMETERS, counts = undefined as string | undefined } = {},
): readonly string[] {
  return differencesOf(parameters, without, withNorikae, counts).map(({ text }) => text);
}

describe('lab compare: the verdict on two runs', () => {
  it('is that nothing differs when the same arrives', () => {
    assert.deepEqual(texts(same), []);
  });

  it('tells packets that pass a filter', () => {
    assert.deepEqual(texts(measures(arrivals(150, 150), arrivals(150, 148))), [
      'udp packets (socket) after nft-drop (egress): 0 of 150 arrive without Norikae, 148 of 150 with it',
    ]);
  });

  it('tells a single lost, late, doubled or changed packet', () => {
    const lost = texts(measures(arrivals(150, 149), arrivals(150, 0)));
    assert.deepEqual(lost, [
      'udp packets (socket): 150 of 150 arrive without Norikae, 149 of 150 with it',
    ]);
    for (const [key, words] of [
      ['late', 'behind a later one'],
      ['duplicates', 'twice'],
      ['corrupt', 'changed'],
    ] as const) {
      const one = texts(measures(arrivals(150, 150, { [key]: 1 }), arrivals(150, 0)));
      assert.equal(one.length, 1);
      assert.match(one[0], new RegExp(`that arrive ${words}: 0 without Norikae, 1 with it`));
    }
  });

  it('allows a shaped queue to hold a burst, and not to be bypassed', () => {
    const parameters = { ...PARAMETERS, surroundings: 'qos' } as const;
    const without = measures(arrivals(150, 150), arrivals(150, 20));
    const other = (received: number) => measures(arrivals(150, 150), arrivals(150, received));
    assert.deepEqual(texts(other(35), { without, parameters }), []);
    assert.equal(texts(other(150), { without, parameters }).length, 1);
  });

  it('tells a first packet with a wrong checksum, also behind a shaped queue', () => {
    const parameters = { ...PARAMETERS, surroundings: 'qos' } as const;
    const with1 = texts({ ...same, checksumErrors: 1 }, { parameters });
    assert.deepEqual(with1, ['packets with a wrong checksum: 0 without Norikae, 1 with it']);
    const without = { ...same, checksumErrors: 40 };
    assert.deepEqual(texts({ ...same, checksumErrors: 50 }, { without, parameters }), []);
    assert.equal(texts({ ...same, checksumErrors: 150 }, { without, parameters }).length, 1);
  });

  it('tells an export that falls silent', () => {
    const counts = 'packets in NetFlow records';
    const without = { ...same, reported: 300 };
    assert.deepEqual(texts({ ...same, reported: 297 }, { without, counts }), []);
    assert.deepEqual(texts({ ...same, reported: 35 }, { without, counts }), [
      'packets in NetFlow records: 300 without Norikae, 35 with it',
    ]);
  });

  it('reports bytes that are counted twice or never', () => {
    for (const accountedBytes of [50_000, 200_000]) {
      assert.equal(texts({ ...same, accountedBytes }).length, 1);
    }
  });

  it('tells TSO that is lost for others, and no throughput that only varies', () => {
    const { bystander } = same;
    assert.equal(texts({ ...same, bystander: { ...bystander, bytesPerPacket: 1_500 } }).length, 1);
    assert.deepEqual(texts({ ...same, bystander: { ...bystander, bitsPerSecond: 1e9 } }), []);
    assert.deepEqual(texts({ ...same, bystander: { ...bystander, bitsPerSecond: 9e9 } }), []);
  });

  it('compares a number with a tolerance on both sides', () => {
    const tolerance = { factor: 0.5, slack: 10 };
    assert.equal(deviation(100, 40, tolerance), undefined);
    assert.equal(deviation(100, 39, tolerance), 'fewer');
    assert.equal(deviation(100, 210, tolerance), undefined);
    assert.equal(deviation(100, 211, tolerance), 'more');
  });
});

describe('lab compare: the report', () => {
  const [first, second] = matrix(1, 'userspace');
  const run = { measures: same, offloaded: { before: 1_000, after: 200 }, notServed: undefined };
  const differs = measures(arrivals(150, 150), arrivals(150, 148));
  const report: CompareReport = reportOf(
    { datapath: 'userspace', seed: 1 },
    12,
    [
      {
        case: first,
        without: same,
        run: { ...run, measures: differs },
        differences: differencesOf(PARAMETERS, same, differs, undefined),
      },
      {
        case: second,
        without: same,
        run: { ...run, offloaded: { before: 0, after: 0 }, notServed: 'two tags' },
        differences: [],
      },
    ],
    [],
  );

  it('counts only cases in which bytes were offloaded, and lists the others with their reason', () => {
    assert.deepEqual(
      report.cases.map(({ number, offloadedBytes }) => [number, offloadedBytes]),
      [[1, 1_200]],
    );
    assert.deepEqual(
      report.notServed.map(({ number, reason }) => [number, reason]),
      [[2, 'two tags']],
    );
    assert.deepEqual(
      report.differences.map(({ number, without, with: other }) => [number, without, other]),
      [[1, 0, 148]],
    );
  });

  it('is a table for people', () => {
    const text = formatCompareReport(report, 200);
    assert.match(text, /^ *1 +1 kB +YES +150 \+ 0 \/ 150 \+ 148/m);
    assert.match(text, /^ *2 .*two tags$/m);
    assert.match(text, /✖ case 1 .*: udp packets .*: 0 of 150 arrive without Norikae, 148 of 150/);
    assert.match(
      text,
      /1 cases, 1 more not served, 1 differences; seed 1, 12 s\nuserspace datapath on Linux \S+; the kernel datapath was not compared .*$/,
    );
  });
});
