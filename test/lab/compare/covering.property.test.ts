import assert from 'node:assert/strict';
import fc from 'fast-check';
import { allPairs, coveringRows, pairsOf } from '../../../lab/compare/cases/covering.ts';
import {
  matrix,
  possible,
  PROTOCOLS,
  quickCases,
  SURROUNDINGS,
} from '../../../lab/compare/cases/parameters.ts';

type Values = [string, ...string[]];

/** Two to five parameters with one to five values each. */
const parameters = fc
  .array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 5 })
  .map((sizes) =>
    Object.fromEntries(
      sizes.map((size, p): [string, Values] => {
        const rest = Array.from({ length: size - 1 }, (_, v) => `v${v + 1}`);
        return [`p${p}`, ['v0', ...rest]];
      }),
    ),
  );
const seed = fc.integer({ min: 1, max: 0xffffffff });

const has = (row: Readonly<Record<string, string>>, pair: Readonly<Record<string, string>>) =>
  Object.entries(pair).every(([name, value]) => row[name] === value);

describe('covering rows', function () {
  this.timeout(20_000);

  it('contain every pair of values, and a value of every parameter', () => {
    fc.assert(
      fc.property(parameters, seed, (all, n) => {
        const rows = coveringRows(all, n);
        for (const pair of allPairs(all)) assert(rows.some((row) => has(row, pair)));
        for (const row of rows) assert.deepEqual(Object.keys(row), Object.keys(all));
      }),
      { numRuns: 60 },
    );
  });

  it('contain every pair that the constraint allows, and no row that it excludes', () => {
    const allows = (row: Readonly<Record<string, string>>) =>
      !(row.p0 === 'v1' && row.p1 === 'v1') && !(row.p1 === 'v2' && row.p2 === 'v0');
    fc.assert(
      fc.property(parameters, seed, (all, n) => {
        const pairs = allPairs(all, allows);
        fc.pre(pairs.length > 0);
        const rows = coveringRows(all, n, { allows });
        for (const pair of pairs) assert(rows.some((row) => has(row, pair)));
        for (const row of rows) assert(allows(row));
      }),
      { numRuns: 60 },
    );
  });

  it('are the same for the same seed', () => {
    const all: Readonly<Record<string, Values>> = {
      a: ['1', '2', '3'],
      b: ['1', '2'],
      c: ['1', '2'],
    };
    assert.deepEqual(coveringRows(all, 7), coveringRows(all, 7));
    assert.notDeepEqual(coveringRows(all, 7), coveringRows(all, 8));
  });

  it('begin with the given values, and lack pairs that are not needed', () => {
    const all: Readonly<Record<string, Values>> = {
      a: ['1', '2', '3', '4', '5'],
      b: ['1', '2', '3', '4', '5'],
      c: ['1', '2'],
    };
    const first = [{ a: '1', b: '2' }, { a: '3' }];
    const needs = (pair: Readonly<Record<string, string>>) => !('a' in pair && 'b' in pair);
    const rows = coveringRows(all, 7, { first, needs });
    for (const [i, values] of first.entries()) assert(has(rows[i], values));
    for (const pair of allPairs(all).filter(needs)) assert(rows.some((row) => has(row, pair)));
    assert(rows.length < 20, `${rows.length} rows, although 5 x 5 pairs are not needed`);
  });

  it('are none when the constraint allows none', () => {
    const all: Readonly<Record<string, Values>> = { a: ['1'], b: ['1'] };
    assert.deepEqual(coveringRows(all, 1, { allows: () => false }), []);
  });
});

describe('the matrix', function () {
  this.timeout(20_000);

  for (const n of [1, 2, 3]) {
    it(`of seed ${n} has at least 60 cases with every pair, numbered from 1`, () => {
      const cases = matrix(n, 'userspace');
      assert(cases.length >= 60);
      assert.deepEqual(
        cases.map(({ number }) => number),
        cases.map((_, i) => i + 1),
      );
      for (const protocol of PROTOCOLS) {
        for (const surroundings of SURROUNDINGS) {
          assert(cases.some(({ parameters: p }) => has({ ...p }, { protocol, surroundings })));
        }
      }
      for (const { parameters: p } of cases) assert(possible({ ...p }));
    });
  }

  it('of the kernel datapath has TCP with TSO past tcx in all surroundings, and pairs of the rest', () => {
    for (const n of [1, 2, 3]) {
      const cases = matrix(n, 'kernel').map(
        ({ parameters }): Readonly<Record<string, string>> => ({
          ...parameters,
        }),
      );
      assert(cases.length >= 20 && cases.length <= 26, `${cases.length} cases`);
      const exists = (values: Readonly<Record<string, string>>) =>
        assert(
          cases.some((each) => has(each, values)),
          `seed ${n} lacks ${JSON.stringify(values)}`,
        );
      const tso = { backend: 'tcx', protocol: 'tcp', tx: 'on', tso: 'on' };
      for (const surroundings of ['none', 'qos', 'policing', 'sflow'])
        exists({ ...tso, surroundings });
      for (const hook of ['egress', 'ingress']) {
        for (const surroundings of ['tc-drop', 'nft-drop', 'mirror']) {
          exists({ ...tso, surroundings, hook });
          exists({ backend: 'xdp-native', surroundings });
        }
      }
      for (const protocol of ['tcp', 'udp', 'vxlan', 'vlan', 'fragments', 'icmp']) {
        for (const backend of ['tcx', 'xdp-native']) exists({ protocol, backend });
        for (const tx of ['on', 'off']) exists({ protocol, tx });
        exists({ protocol, tso: 'on' });
      }
    }
  });

  it('has a quick part with every value', () => {
    const all = matrix(1, 'userspace');
    const quick = quickCases(all);
    assert(quick.length >= 12 && quick.length <= 20, `${quick.length} cases`);
    const values = (cases: typeof all) =>
      new Set(cases.flatMap(({ parameters: p }) => Object.entries(p).map((e) => e.join('='))));
    assert.deepEqual([...values(quick)].sort(), [...values(all)].sort());
  });

  it('counts pairs of a row once', () => {
    assert.equal(pairsOf({ a: '1', b: '2', c: '3' }).length, 3);
  });
});
