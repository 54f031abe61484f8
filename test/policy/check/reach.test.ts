import assert from 'node:assert/strict';
import { parsePolicies } from '../../../policy/parse/parse-policies.ts';
import { reachNotes } from '../../../policy/check/set-check.ts';
import { formatProblem } from '../../../text/problem.ts';
import { BUSY, CPU, FACTS, nodeRule, policy, problemsOf, refuses, rule } from '../marked-policy.ts';

/** Notes on valid policies, as `file:line:column: note`. */
function notesOf(...texts: readonly string[]): string[] {
  const documents = texts.map((text, i) => ({ file: `p${i}`, text }));
  return reachNotes(parsePolicies(documents)).map(formatProblem);
}

describe('rules that never hold or are never reached', () => {
  const c = (fact: string, operator: string, value: unknown) =>
    JSON.stringify({ fact, operator, value });
  const all = (...list: readonly string[]) => `{ "all": [${list.join(', ')}] }`;
  const any = (...list: readonly string[]) => `{ "any": [${list.join(', ')}] }`;

  const impossible: readonly (readonly [string, string])[] = [
    [
      all(c('bytes', 'greaterThan', 10), `^${c('bytes', 'lessThan', 5)}`),
      'bytes lessThan 5 contradicts bytes greaterThan 10 in line 4: they never hold together',
    ],
    [
      all(c('bytes', 'greaterThan', 10), `^${c('bytes', 'lessThanInclusive', 10)}`),
      'bytes lessThanInclusive 10 contradicts bytes greaterThan 10 in line 4: they never hold together',
    ],
    [
      all(c('placement', 'equal', 'onload'), all(`^${c('placement', 'equal', 'offload')}`)),
      'placement equal "offload" contradicts placement equal "onload" in line 4: they never hold together',
    ],
    [
      all(c('tcpDst', 'equal', null), `^${c('tcpDst', 'equal', 80)}`),
      'tcpDst equal 80 contradicts tcpDst equal null in line 4: they never hold together',
    ],
    [
      all(c('tcpDst', 'in', [1, 2]), `^${c('tcpDst', 'between', [5, 9])}`),
      'tcpDst between [5,9] contradicts tcpDst in [1,2] in line 4: they never hold together',
    ],
    [
      all(c('cast', 'notIn', ['unicast']), `^${c('cast', 'notIn', ['multicast', 'broadcast'])}`),
      'cast notIn ["multicast","broadcast"] excludes all values that the comparisons of cast before it allow',
    ],
    [
      all(
        c('bytes', 'greaterThan', 10),
        any(c('packets', 'greaterThan', 3), `^${c('bytes', 'lessThan', 5)}`),
      ),
      'bytes lessThan 5 contradicts bytes greaterThan 10 in line 4: they never hold together',
    ],
  ];
  for (const [conditions, message] of impossible) {
    it(`refuses ${conditions.replaceAll('^', '').slice(0, 100)}`, () => {
      refuses(policy('', rule('r', conditions)), message);
    });
  }

  it('accepts bounds that overlap, and comparisons of different ports', () => {
    const port = (name: string, operator: string, value: number) =>
      JSON.stringify({
        fact: 'portLoad',
        params: { port: name },
        path: '$.rxShare',
        operator,
        value,
      });
    for (const conditions of [
      all(c('bytes', 'greaterThanInclusive', 10), c('bytes', 'lessThanInclusive', 10)),
      any(c('bytes', 'greaterThan', 10), c('bytes', 'lessThan', 5)),
      all(port('a', 'lessThan', 0.2), port('b', 'greaterThan', 0.5)),
      all(c('tcpDst', 'notEqual', null), c('tcpDst', 'equal', 80)),
      all(c('bytes', 'greaterThan', 10), `{ "not": ${c('bytes', 'lessThan', 5)} }`),
    ]) {
      assert.deepEqual(problemsOf(policy('', rule('r', conditions))), [], conditions);
    }
  });

  const covered: readonly (readonly [string, string])[] = [
    [
      all(c('bytes', 'greaterThan', 1)),
      all(c('bytes', 'greaterThan', 10), c('packets', 'lessThan', 5)),
    ],
    [
      all(c('bytes', 'greaterThanInclusive', 0)),
      any(c('slice', 'equal', 'a'), c('vm', 'equal', 'b')),
    ],
    [any(c('tcpDst', 'in', [80, 443]), c('udpDst', 'equal', 53)), all(c('tcpDst', 'equal', 443))],
    [all(c('tcpDst', 'notEqual', 22)), all(c('tcpDst', 'between', [80, 90]))],
    [all(c('placement', 'in', ['onload', 'offload', 'fast-path'])), all(c('bytes', 'equal', 3))],
    [
      all(c('bytes', 'greaterThan', { fact: 'vswitchBytes' })),
      all(c('bytes', 'greaterThan', { fact: 'vswitchBytes' }), c('packets', 'equal', 1)),
    ],
  ];
  for (const [first, second] of covered) {
    it(`refuses ${second.slice(0, 60)} after ${first.slice(0, 60)}`, () => {
      refuses(
        policy('', rule('a', first), `^${rule('b', second)}`),
        'rule "p/b" is never reached: wherever it holds, "p/a" (line 4) holds as well and has precedence',
      );
    });
  }

  const open: readonly (readonly [string, string])[] = [
    [all(c('bytes', 'greaterThan', 10)), all(c('bytes', 'greaterThan', 1))],
    [all(c('tcpDst', 'greaterThanInclusive', 0)), all(c('bytes', 'greaterThan', 1))],
    [all(c('tcpDst', 'equal', 80)), any(c('tcpDst', 'equal', 80), c('udpDst', 'equal', 53))],
    [`{ "not": ${c('bytes', 'lessThan', 5)} }`, all(c('bytes', 'greaterThan', 10))],
  ];
  for (const [first, second] of open) {
    it(`accepts ${second.slice(0, 60)} after ${first.slice(0, 60)}`, () => {
      assert.deepEqual(problemsOf(policy('', rule('a', first), rule('b', second))), []);
    });
  }

  it('considers the order of rules, and schedules', () => {
    const a = policy('', rule('low', BUSY), rule('high', BUSY, ', "priority": 5'));
    assert.match(
      problemsOf(a).join(),
      /^4:1: rule "p\/low" is never reached.*"p\/high" \(line 5\)/,
    );
    const night = '"schedules": { "night": { "cron": "0 2 * * *", "duration": "1h" } },';
    const active = ', "active": "night"';
    assert.deepEqual(problemsOf(policy(night, rule('a', BUSY, active), rule('b', BUSY))), []);
    assert.match(
      problemsOf(policy(night, rule('a', BUSY), rule('b', BUSY, active))).join(),
      /p\/b" is never/,
    );
  });

  it('only notes rules that a rule of another policy makes unreachable', () => {
    const first = policy('', rule('a', BUSY));
    const second = first.replace('"name": "p"', '"name": "q"');
    assert.deepEqual(problemsOf(first, second), []);
    assert.deepEqual(notesOf(first, second), [
      'p1:4:1: note: rule "q/a" is never reached beside "p/a" (p0, line 4), which requests the same: wherever it holds, that one holds as well and has precedence',
    ]);
    assert.deepEqual(notesOf(first), []);
    const onload = second.replace('"offload"', '"onload"');
    assert.deepEqual(problemsOf(first, onload), []);
    assert.match(notesOf(first, onload).join(), /line 4\), which requests offload: wherever/);
    const shadow = first.replace('"version"', '"mode": "shadow", "version"');
    assert.deepEqual([...problemsOf(shadow, second), ...notesOf(shadow, second)], []);
    assert.deepEqual(problemsOf(second, shadow), []);
    assert.match(notesOf(second, shadow).join(), /^p1:4:1: note: rule "p\/a" is never reached/);
  });

  it('refuses a rule that both its own and another policy make unreachable', () => {
    const other = policy('', rule('z', BUSY)).replace('"name": "p"', '"name": "o"');
    const twice = policy('', rule('a', BUSY), rule('b', BUSY));
    for (const mode of ['enforce', 'shadow']) {
      const text = twice.replace('"version"', `"mode": "${mode}", "version"`);
      const found = problemsOf(other, text);
      assert.equal(found.length, 1);
      assert.match(found[0], /^p1:5:1: rule "p\/b" is never reached.*"p\/a" \(line 4\)/);
    }
  });

  it('finds node rules that never set their fact', () => {
    const one = nodeRule(CPU, '{ "fact": "from", "value": 1 }');
    const other = one.replace('"n"', '"m"');
    assert.match(problemsOf(policy(FACTS, one, other)).join(), /rule "p\/m" is never reached/);
    assert.deepEqual(
      problemsOf(policy(FACTS, one, other.replace('"from", "value": 1', '"mood", "value": "x"'))),
      [],
    );
  });
});
