import assert from 'node:assert/strict';
import { Coverage } from '../../../policy-tools/testing/coverage.ts';
import { runTestFile } from '../../../policy-tools/testing/run-tests.ts';
import { POLICY, run, resultsOf } from '../fixture.ts';

const FAST = { packetsPerSecond: '5000x19' };

/** Result of one expectation on flow `a`. */
async function expecting(
  expectation: Readonly<Record<string, unknown>>,
  flows: Readonly<Record<string, unknown>> = { a: FAST },
  more: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const all = await resultsOf({ flows, expect: [{ flow: 'a', ...expectation }], ...more });
  assert.equal(all.length, 1, all.join('\n'));
  return all[0].replace(/^(\w+) \d+:\d+: /, '$1: ');
}

describe('policy tests', () => {
  const passing: readonly [string, Readonly<Record<string, unknown>>][] = [
    [
      'a tick',
      { at: '1s', placement: 'offload', rule: 'fast', requested: 'offload', reason: 'placed' },
    ],
    ['the full name of a rule', { at: '1s', rule: 'p/fast' }],
    ['the whole test', { placement: 'offload' }],
    ['a range of time', { from: '1s', to: '2s', placement: 'offload' }],
    ['one tick up to a time', { by: '2s', placement: 'offload' }],
    ['a placement that never occurs', { never: 'onload' }],
    ['number of moves', { atMostMoves: 1, atLeastMoves: 1 }],
    ['number of flows', { atLeast: 1, atMost: 1, placement: 'offload' }],
    ['milliseconds', { at: 1000, placement: 'offload' }],
  ];
  for (const [name, expectation] of passing) {
    it(`pass: ${name}`, async () => assert.equal(await expecting(expectation), 'pass'));
  }

  const failing: readonly [Readonly<Record<string, unknown>>, string][] = [
    [
      { at: '1s', placement: 'onload' },
      'fail: flow "a" should be at "onload"; at 1.0 s it is at "offload" (placed; rule p/fast requests offload)',
    ],
    [
      { from: '1s', rule: null },
      'fail: flow "a" should be decided by no rule; at 1.0 s it is at "offload" (placed; rule p/fast requests offload)',
    ],
    [
      { by: '1s', placement: 'onload', description: 'because' },
      'fail: flow "a" should be at "onload" by 1.0 s; at 1.0 s it is at "offload" (placed; rule p/fast requests offload) (because)',
    ],
    [
      { never: 'offload' },
      'fail: flow "a" should never be at "offload"; at 0 ms it is: at "offload" (placed; rule p/fast requests offload)',
    ],
    [{ atMostMoves: 0 }, 'fail: flow "a": it changes its placement 1 time; at most 0 expected'],
    [{ atLeastMoves: 2 }, 'fail: flow "a": it changes its placement 1 time; at least 2 expected'],
    [
      { at: '1s', placement: 'offload', atMost: 0 },
      'fail: flow "a" should be at "offload" (at most 0 of them); at 1.0 s 1 of 1 does',
    ],
  ];
  for (const [expectation, message] of failing) {
    it(`fail: ${JSON.stringify(expectation)}`, async () => {
      assert.equal(await expecting(expectation), message);
    });
  }

  const invalid: readonly [Readonly<Record<string, unknown>>, RegExp][] = [
    [{ at: '1s', placment: 'offload' }, /unknown key "placment" in .*did you mean "placement"/],
    [{ at: '1s', placement: 'offlaod' }, /did you mean "offload"/],
    [{ at: '1x', placement: 'offload' }, /"1x": unknown unit "x"/],
    [{ at: '1s', rule: 'fats' }, /no policy has a rule "fats"; did you mean "fast"/],
    [{ at: '1s', reason: 'plced' }, /unknown reason "plced"; did you mean "placed"/],
    [{ flow: 'aa', placement: 'offload' }, /no flow "aa"; did you mean "a"/],
    [{ at: '1s' }, /nothing is expected; add "placement"/],
    [{ at: '1s', from: '1s', placement: 'offload' }, /"at" cannot be combined with/],
    [{ from: '2s', to: '1s', placement: 'offload' }, /ends before it begins/],
    [{ never: 'offload', by: '1s' }, /"never" takes "from" and "to"/],
    [{ atMostMoves: 1, atMost: 1 }, /"atLeast" and "atMost" count flows with/],
  ];
  for (const [expectation, message] of invalid) {
    it(`error: ${JSON.stringify(expectation)}`, async () => {
      const text = await expecting(expectation);
      assert.match(text, /^error: /);
      assert.match(text, message);
    });
  }

  it('say which of several flows fail', async () => {
    const slow = { packetsPerSecond: '10x20' };
    const flows = { a: FAST, mice: { count: 3, ...slow }, rats: { count: 2, ...FAST } };
    const flow = ['a', 'mice', 'rats'];
    assert.match(
      await expecting({ flow, at: '2s', placement: 'offload' }, flows),
      /^fail: .* at 2\.0 s 3 of 6 do not: flow "mice" \(1 of 3\) is at "onload" /,
    );
    assert.match(
      await expecting({ flow: ['mice', 'rats'], never: 'offload' }, flows),
      /; at \d+ ms flow "rats" \(1 of 2\) is: at "offload" /,
    );
    assert.match(
      await expecting({ flow, atLeastMoves: 1 }, flows),
      /^fail: flow "mice" \(1 of 3\): it changes its placement 0 times; at least 1 expected$/,
    );
  });

  it('report an expectation after the end of the test', async () => {
    const text = await expecting({ at: '9s', placement: 'offload' }, { a: FAST }, { for: '5s' });
    assert.equal(text, 'error: the time is after the end of the test at 4.8 s');
  });

  it('report problems of flows, ports and the node with their positions', async () => {
    const problems = await resultsOf({
      flows: {
        a: { packetsPerSecond: '5000y20', inPort: 'vm2' },
        b: { bitsPerSecond: '1parsec', tcpDst: 70_000 },
      },
      node: { hostCpu: '50apples' },
      ports: { vm3: { rxBitsPerSecond: '1+1' } },
      expect: [{ flow: 'a', placement: 'offload' }],
    });
    assert.deepEqual(
      problems.map((p) => p.replace(/^error \d+:\d+: /, '').slice(0, 30)),
      [
        '"5000y20" is not a number of packet/s, with or without a unit',
        'unknown port "vm2"; did you mean "vm1"?',
        '"1parsec": unknown unit "parsec"',
        '"tcpDst" cannot be 70000; it is a whole number',
        '"50apples": unknown unit "apples"',
        '"1+1" has no number of steps; write',
      ].map((text) => text.slice(0, 30)),
    );
    const lines = problems.map((p) => Number(/^error (\d+):/.exec(p)?.[1]));
    assert.deepEqual(
      lines,
      lines.toSorted((x, y) => x - y),
    );
    assert.ok(lines[0] > 4);
  });

  it('have the positions of the test and of the expectation', async () => {
    const [result] = await run({ flows: { a: FAST }, expect: [{ flow: 'a', never: 'offload' }] });
    assert.equal(`${result.file}:${result.line}:${result.column}`, '/x/p.test.json:4:15');
    assert.equal(result.problems[0].line, 11);
  });

  it('end with an error if the policy is invalid or missing', async () => {
    const typo = JSON.stringify(POLICY).replace('"equal"', '"equall"');
    const [bad] = await run({ tests: [] }, { policy: JSON.parse(typo) });
    assert.equal(bad.verdict, 'error');
    assert.match(bad.problems[0].message, /equall/);
    assert.match(bad.problems[0].file, /p\.json$/);
    const [gone] = await run({ policies: ['other.json'], tests: [] });
    assert.match(gone.problems[0].message, /other\.json cannot be read/);
  });

  it('end with an error if the file is invalid JSON, has no tests, or is missing', async () => {
    const signal = new AbortController().signal;
    const texts: readonly [string, RegExp][] = [
      ['{', /missing|expected/],
      ['{}', /lacks the key "tests"/],
      ['{"tests": [], "tests": []}', /duplicate key/],
    ];
    for (const [text, message] of texts) {
      const results = await runTestFile('p.test.json', { signal, read: async () => text });
      assert.match(results[0].problems[0].message, message);
    }
    const [gone] = await runTestFile('/nowhere/p.test.json', { signal });
    assert.equal(gone.verdict, 'error');
    assert.match(gone.problems[0].message, /ENOENT/);
  });

  it('are selected by name', async () => {
    const test = (name: string) => ({
      name,
      flows: { a: {} },
      expect: [{ flow: 'a', requested: 'none' }],
    });
    const tests = [test('mice stay'), test('elephants go'), test('mice stay, too')];
    const results = await run({ tests }, { run: /^mice/ });
    assert.deepEqual(
      results.map((r) => r.name),
      ['mice stay', 'mice stay, too'],
    );
  });

  it('stop when the signal aborts', async () => {
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    const text = JSON.stringify({
      tests: [{ name: 't', flows: { a: FAST }, expect: [{ flow: 'a', never: 'onload' }] }],
    });
    const read = async (file: string) =>
      file.endsWith('.test.json') ? text : JSON.stringify(POLICY);
    await assert.rejects(runTestFile('p.test.json', { signal: stop.signal, read }), /enough/);
  });

  it('test a shadow policy as if it were enforced', async () => {
    const results = await run(
      { flows: { a: FAST }, expect: [{ flow: 'a', placement: 'offload' }] },
      { policy: { ...POLICY, mode: 'shadow' } },
    );
    assert.equal(results[0].verdict, 'pass');
  });

  it('cover conditions that were both true and false', async () => {
    const coverage = new Coverage();
    const expect = [{ flow: 'a', placement: 'offload' }];
    await run({ flows: { a: FAST }, expect }, { coverage });
    const seen = (): string[] =>
      coverage.report().map((c) => `${c.condition} ${c.seenTrue} ${c.seenFalse}`);
    assert.deepEqual(seen(), [
      'placement equal "offload" true true',
      'lastPacketsPerSecond lessThan 10 false true',
      'lastPacketsPerSecond greaterThanInclusive 1000 true false',
    ]);
    await run({ flows: { a: { packetsPerSecond: '5' } }, expect }, { coverage });
    assert.deepEqual(seen(), [
      'placement equal "offload" true true',
      'lastPacketsPerSecond lessThan 10 true true',
      'lastPacketsPerSecond greaterThanInclusive 1000 true true',
    ]);
  });
});

describe('policy tests over time', () => {
  it('apply minimum hold times as the daemon does', async () => {
    const flows = { a: { packetsPerSecond: '5000x3 0x30' } };
    const expect = [
      { flow: 'a', to: '1750ms', placement: 'offload' },
      { flow: 'a', at: '1s', reason: 'min-hold' },
      { flow: 'a', from: '2s', placement: 'onload' },
      { flow: 'a', atMostMoves: 2 },
    ];
    assert.deepEqual(await resultsOf({ flows, expect }), ['pass']);
    const planner = { minHold: '4s' };
    const later = [
      { flow: 'a', to: '3750ms', placement: 'offload' },
      { flow: 'a', from: '4s', placement: 'onload' },
    ];
    assert.deepEqual(await resultsOf({ flows, planner, expect: later }), ['pass']);
  });

  it('count an offloaded flow as carried except for heartbeats', async () => {
    const policy = {
      name: 'p',
      version: '1',
      rules: [
        {
          name: 'carried',
          priority: 2,
          conditions: {
            all: [
              { fact: 'packets', operator: 'equal', value: 20_000 },
              { fact: 'vswitchBytes', operator: 'lessThan', value: 150_000 },
              { fact: 'carriedBytes', operator: 'greaterThan', value: 1_800_000 },
            ],
          },
          event: { type: 'fast-path' },
        },
        { ...POLICY.rules[1], priority: 1 },
      ],
    };
    const flows = { a: { packetsPerSecond: '4000x19', packetBytes: 100 } };
    const expect = [
      { flow: 'a', to: '4500ms', rule: 'fast' },
      { flow: 'a', at: '4750ms', rule: 'carried' },
    ];
    assert.deepEqual(await resultsOf({ flows, expect }, policy), ['pass']);
  });

  it('let flows start late and end', async () => {
    const flows = { a: { packetsPerSecond: '_x3 5000x3 _x3 5000x3' } };
    const expect = [
      { flow: 'a', placement: 'offload' },
      { flow: 'a', atMostMoves: 2, atLeastMoves: 2 },
    ];
    assert.deepEqual(await resultsOf({ flows, expect }), ['pass']);
    const there = await resultsOf({
      flows,
      expect: [{ flow: 'a', at: '250ms', placement: 'onload' }],
    });
    assert.match(there[0], /at 250 ms it is not on the node/);
  });

  it('use the table size and the fast path of the test', async () => {
    const flows = { a: { count: 5, ...FAST } };
    const few = [{ flow: 'a', from: '1s', placement: 'offload', atLeast: 3, atMost: 3 }];
    assert.deepEqual(await resultsOf({ flows, backend: { entries: 3 }, expect: few }), ['pass']);
    const rule = { ...POLICY.rules[1], event: { type: 'fast-path' } };
    const policy = { ...POLICY, rules: [rule] };
    const backend = { fastPathEntries: 5 };
    const expect = [{ flow: 'a', placement: 'fast-path' }];
    assert.deepEqual(await resultsOf({ flows, backend, expect }, policy), ['pass']);
    const none = [{ flow: 'a', placement: 'onload', reason: 'no-backend' }];
    assert.deepEqual(await resultsOf({ flows, expect: none }, policy), ['pass']);
  });

  it('give rules the state of the node by tick', async () => {
    const busy = { fact: 'hostCpu', operator: 'greaterThan', value: 0.5 };
    const port = {
      fact: 'portLoad',
      params: { port: 'eth7' },
      path: '$.rxShare',
      operator: 'lessThan',
      value: 0.5,
    };
    const policy = {
      name: 'p',
      version: '1',
      rules: [{ name: 'r', conditions: { all: [busy, port] }, event: { type: 'offload' } }],
    };
    const ports = {
      eth7: { kind: 'uplink', linkBitsPerSecond: '10Gbit/s', rxBitsPerSecond: '9Gbit/s x7 0' },
    };
    const node = { hostCpu: '_x3 90%x11 10%' };
    const expect = [
      { flow: 'a', to: '1750ms', requested: 'none' },
      { flow: 'a', from: '2s', to: '3750ms', requested: 'offload' },
      { flow: 'a', from: '4s', requested: 'none' },
    ];
    assert.deepEqual(await resultsOf({ flows: { a: FAST }, node, ports, expect }, policy), [
      'pass',
    ]);
  });
});
