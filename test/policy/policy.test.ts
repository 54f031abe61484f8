import assert from 'node:assert/strict';
import { RequestedPlacement } from '../../engine/model/flow.ts';
import { parsePolicies } from '../../policy/parse/parse-policies.ts';
import { PolicyError } from '../../policy/model/policy-error.ts';
import { policyText, rule } from './fixture.ts';

/** Problems of a document, as `line:column: message`. */
function problemsOf(text: string): string[] {
  try {
    parsePolicies([{ file: 'p.json', text }]);
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.problems.map((p) => {
      assert.equal(p.file, 'p.json');
      return `${p.line}:${p.column}: ${p.message}`;
    });
  }
}

/** Problems of a policy with one rule that has this condition, which starts at 6:9. */
function conditionProblems(condition: string, word: 'all' | 'not' = 'all'): string[] {
  const inner =
    word === 'all' ? `[\n        ${condition}\n      ]` : `\n        ${condition}\n      `;
  return problemsOf(`{
  "name": "p", "version": "1",
  "rules": [{
    "name": "r", "event": { "type": "offload" },
    "conditions": { "${word}": ${inner} }
  }]
}`);
}

/** The text without marks, and the marked columns, from 1. */
function unmarked(marked: string): { text: string; columns: number[] } {
  const parts = marked.split('^');
  const columns = parts.slice(0, -1).map((_, i) => parts.slice(0, i + 1).join('').length + 1);
  return { text: parts.join(''), columns };
}

const HOLDS = { all: [{ fact: 'bytes', operator: 'greaterThan', value: 1 }] };

describe('parsePolicies', () => {
  it('parses a policy', () => {
    const text = policyText([
      rule('low', HOLDS),
      rule('high', HOLDS, {
        priority: 7,
        description: 'why',
        event: { type: 'onload', params: { score: 'bytes' } },
      }),
      rule('number', HOLDS, { event: { type: 'fast-path', params: { score: 3 } } }),
      rule('slow', HOLDS, { event: { type: 'slow-path' } }),
    ]);
    const set = parsePolicies([{ file: 'x/p.json', text }], { unreachable: 'allow' });
    const [{ revision, ...policy }] = set.policies;
    assert.match(revision, /^[0-9a-f]{12}$/);
    assert.deepEqual(policy, {
      file: 'x/p.json',
      name: 'p',
      version: '1',
      description: undefined,
      mode: 'enforce',
    });
    assert.deepEqual(
      set.rules.map((r) => [r.name, r.policy, r.priority, r.requested, r.score]),
      [
        ['p/high', 'p', 7, RequestedPlacement.onload, { kind: 'fact', fact: 'bytes' }],
        ['p/low', 'p', 1, RequestedPlacement.offload, { kind: 'fact', fact: 'worth' }],
        ['p/number', 'p', 1, RequestedPlacement.fastPath, { kind: 'number', value: 3 }],
        ['p/slow', 'p', 1, RequestedPlacement.slowPath, { kind: 'fact', fact: 'worth' }],
      ],
    );
    const [low] = set.rules.filter((r) => r.name === 'p/low');
    assert('all' in low.conditions);
    assert.deepEqual(low.conditions.all, [{ ...HOLDS.all[0], at: { line: 9, column: 11 } }]);
  });

  it('sorts rules by priority, then document, then position', () => {
    const [b, a] = [
      policyText([rule('1', HOLDS), rule('2', HOLDS, { priority: 5 })], 'b'),
      policyText([rule('1', HOLDS, { priority: 5 }), rule('2', HOLDS)], 'a'),
    ];
    const documents = [
      { file: 'b', text: b },
      { file: 'a', text: a },
    ];
    const set = parsePolicies(documents, { unreachable: 'allow' });
    assert.deepEqual(
      set.rules.map((r) => r.name),
      ['b/2', 'a/1', 'b/1', 'a/2'],
    );
  });

  it('accepts an empty list of documents', () => {
    const { revision, ...nothing } = parsePolicies([]);
    assert.match(revision, /^[0-9a-f]{12}$/);
    assert.deepEqual(nothing, {
      policies: [],
      rules: [],
      nodeRules: [],
      facts: [],
      slices: [],
      schedules: [],
    });
  });

  it('reports the position of a syntax error and nothing else about that document', () => {
    assert.deepEqual(problemsOf('{\n  "name": "p",,\n  "rules": []\n}'), [
      '2:15: a key in double quotes is expected here (is there a comma too many?)',
    ]);
    assert.deepEqual(problemsOf('{ /* no end'), [
      '1:3: the comment does not end',
      '1:12: a "}" is missing',
    ]);
  });

  it('says that an empty file is empty', () => {
    for (const text of ['', ' \n\t', '\uFEFF']) {
      assert.deepEqual(problemsOf(text), ['1:1: the file is empty']);
    }
    assert.deepEqual(problemsOf('// only a comment\n'), [
      '2:1: a value is expected here (is there a comma too many?)',
    ]);
  });

  it('accepts comments and trailing commas, and knows positions behind them', () => {
    const commented = `// Why this policy exists.
{
  "name": "p", /* beside others */ "version": "1",
  "rules": [
    // The only one.
    {
      "name": "r",
      "conditions": { "all": [{ "fact": "bytes", "operator": "greaterThan", "value": 1 }] },
      "event": { "type": "offload" },
    },
  ],
}
`;
    assert.deepEqual(problemsOf(commented), []);
    assert.equal(parsePolicies([{ file: 'p', text: commented }]).rules[0].at.line, 6);
    assert.deepEqual(problemsOf(commented.replace('"bytes"', '"bytez"')), [
      '8:41: unknown fact "bytez"; did you mean "bytes"?',
    ]);
  });

  it('reports duplicate keys', () => {
    assert.deepEqual(problemsOf('{\n  "name": "p",\n  "version": "1", "name": "q"\n}'), [
      '3:19: duplicate key "name"; the first is in line 2',
    ]);
  });

  it('reports unknown and missing keys with suggestions', () => {
    assert.deepEqual(
      problemsOf(`{
  "name": "p",
  "verson": "1",
  "rules": [
    { "name": "r", "event": { "type": "offload", "colour": 1 } }
  ]
}`),
      [
        '1:1: the document lacks the key "version"',
        '3:3: unknown key "verson"; did you mean "version"?',
        '5:5: "rules[0]" lacks the key "conditions"',
        '5:50: unknown key "colour" in "rules[0].event"; it can have "type", "params"',
      ],
    );
  });

  it('reports wrong types', () => {
    assert.deepEqual(problemsOf('[]'), ['1:1: the document must be an object, not []']);
    assert.deepEqual(problemsOf('{ "name": 3, "version": "", "rules": {} }'), [
      '1:11: "name" must be a string, not 3',
      '1:25: "version" must NOT have fewer than 1 characters; it is ""',
      '1:38: "rules" must be a list, not {}',
    ]);
  });

  it('reports invalid and duplicate names', () => {
    assert.match(
      problemsOf(policyText([rule('a/b', HOLDS)]))[0],
      /^6:15: "rules\[0\].name" can have/,
    );
    const twice = policyText([rule('a', HOLDS), rule('a', HOLDS)]);
    assert.match(
      problemsOf(twice).join(),
      /^\d+:15: the policy has another rule with the name "a"$/,
    );
    assert.throws(
      () =>
        parsePolicies([
          { file: 'a.json', text: policyText([rule('a', HOLDS)]) },
          { file: 'b.json', text: policyText([rule('a', HOLDS)]) },
        ]),
      { message: 'b.json:2:11: policy "p" is already in a.json; names must be unique' },
    );
  });

  it('reports invalid event types, scores and priorities', () => {
    const text = `{ "name": "p", "version": "1", "rules": [
  { "name": "a", "conditions": ${JSON.stringify(HOLDS)},
    "event": { "type": "ofload" } },
  { "name": "b", "conditions": ${JSON.stringify(HOLDS)},
    "priority": 0,
    "event": { "type": "offload", "params": { "score": "bitPerSecond" } } },
  { "name": "c", "conditions": ${JSON.stringify(HOLDS)},
    "priority": 1.5,
    "event": { "type": "offload", "params": { "score": -1 } } },
  { "name": "d", "conditions": ${JSON.stringify(HOLDS)},
    "event": { "type": "offload", "params": { "score": "slice" } } }
] }`;
    assert.deepEqual(problemsOf(text), [
      '3:24: unknown event type "ofload"; did you mean "offload"?',
      '5:17: a priority is 1 or more, not 0 (json-rules-engine would take 0 as 1)',
      '6:56: a score is a number or the name of a numeric fact, not "bitPerSecond"; did you mean "bitsPerSecond"?',
      '8:17: "rules[2].priority" must be an integer, not 1.5',
      '9:56: "rules[2].event.params.score" must be 0 or more, not -1',
      '11:56: a score is a number or the name of a numeric fact, not "slice"',
    ]);
  });

  it('reports all problems', () => {
    assert.deepEqual(
      conditionProblems(
        '{ "fact": "bytez", "operator": "equal", "value": 1 },\n{ "fact": "bytes", "operator": "equal", "value": "1" }',
      ),
      [
        '6:19: unknown fact "bytez"; did you mean "bytes"?',
        '7:50: bytes is a number (byte); "1" never matches; write 1 without quotes',
      ],
    );
  });

  it('reports groups that are empty, missing or mixed', () => {
    const root = (conditions: string) =>
      problemsOf(
        `{ "name": "p", "version": "1", "rules": [{ "name": "r", "event": { "type": "onload" },\n"conditions": ${conditions} }] }`,
      );
    assert.deepEqual(root('{ "any": [] }'), [
      '2:24: an empty "any" never holds (json-rules-engine would take it as true)',
    ]);
    const many = Array.from({ length: 101 }, () => HOLDS.all[0]);
    assert.deepEqual(root(JSON.stringify({ any: many })), [
      '2:22: "rules[0].conditions.any" has 101 entries; there can be 100',
    ]);
    assert.deepEqual(root('{ "all": [{ "all": [] }] }'), [
      '2:34: an empty "all" holds for every flow; add a condition',
    ]);
    assert.deepEqual(root('{}'), [
      '2:15: "conditions" must have one of "all", "any", "not" and "condition"',
    ]);
    assert.deepEqual(root('{ "fact": "bytes", "operator": "equal", "value": 1 }'), [
      '2:15: "conditions" must have one of "all", "any", "not" and "condition"',
    ]);
    assert.deepEqual(
      root('{ "all": [{ "fact": "bytes", "operator": "equal", "value": 1 }], "any": [] }'),
      [
        '2:80: a condition is one of "all", "any", "not", "condition" and a comparison; it cannot also have "any"',
      ],
    );
  });

  // `^` marks the position of each message.
  const wrong: readonly (readonly [string, ...string[]])[] = [
    [
      '"fact": "slice", "operator": ^"greaterThan", "value": 1',
      'greaterThan compares numbers, and slice is a string',
    ],
    [
      '"fact": "bytes", "operator": ^"contains", "value": "a"',
      'contains compares lists, and bytes is a number',
    ],
    [
      '"fact": "outPorts", "operator": ^"in", "value": ["a"]',
      'in compares numbers and strings, and outPorts is a list of strings',
    ],
    [
      '"fact": "outPorts", "operator": "contains", "value": ^3',
      'outPorts is a list of strings; 3 is never in it',
    ],
    [
      '"fact": "bytes", "operator": "equal", "value": ^"10"',
      'bytes is a number (byte); "10" never matches; write 10 without quotes',
    ],
    [
      '"fact": "bytes", "operator": "equal", "value": ^[10]',
      'bytes is a number (byte); [10] never matches',
    ],
    [
      '"fact": "bytes", "operator": "equal", "value": ^null',
      'bytes always has a value; null never matches',
    ],
    [
      '"fact": "hostCpu", "operator": "lessThan", "value": ^null',
      'hostCpu is a number (share, 0 to 1); null never matches',
    ],
    [
      '"fact": "offloadable", "operator": "equal", "value": ^1',
      'offloadable is a boolean; 1 never matches',
    ],
    [
      '"fact": "placement", "operator": "equal", "value": ^"ofload"',
      'placement is never "ofload"; did you mean "offload"?',
    ],
    [
      '"fact": "cast", "operator": "equal", "value": ^"foo"',
      'cast is never "foo"; it is one of "unicast", "multicast", "broadcast"',
    ],
    [
      '"fact": "ethDst", "operator": "equal", "value": ^"FF:FF:FF:FF:FF:FF"',
      'ethDst is a MAC address in lower case, such as "52:54:00:12:34:56"; "FF:FF:FF:FF:FF:FF" never matches',
    ],
    [
      '"fact": "ipv4Dst", "operator": "in", "value": ["10.0.0.1", ^"10.0.0.256"]',
      'ipv4Dst is an IPv4 address, such as "10.0.0.1"; "10.0.0.256" never matches',
    ],
    [
      '"fact": "ipv6Dst", "operator": "equal", "value": ^"10.0.0.1"',
      'ipv6Dst is an IPv6 address in canonical form (RFC 5952), such as "fd00::1"; "10.0.0.1" never matches',
    ],
    ['"fact": "tcpDst", "operator": "in", "value": ^22', 'in needs a list of numbers, not 22'],
    [
      '"fact": "tcpDst", "operator": "in", "value": ^[]',
      'the list is empty; in needs at least one',
    ],
    [
      '"fact": "tcpDst", "operator": "notIn", "value": [22, ^null]',
      'tcpDst is a number; null never matches',
    ],
    [
      '"fact": "bytes", "operator": "equal", "value": 1, "path": ^"$.a"',
      'bytes is a number and has no members; remove "path"',
    ],
    [
      '"fact": "bytes", "operator": "equal", "value": 1, "params": { "a": ^1 }',
      'bytes takes no parameters',
    ],
    [
      '"fact": ^"portLoad", "operator": "equal", "value": 1, "params": { "port": "a" }',
      'portLoad is an object: name a member, "path": one of "$.rxBitsPerSecond", "$.txBitsPerSecond", "$.rxShare", "$.txShare"',
    ],
    [
      '"fact": ^"portLoad", "operator": "equal", "value": 1, "path": "$.rxShare"',
      'portLoad needs the parameter "port" (a string: name of the port)',
    ],
    [
      '"fact": "portLoad", "operator": "equal", "value": 1, "path": ^"$.rxShar", "params": { "port": ^1 }',
      'portLoad has no member "$.rxShar"; did you mean "$.rxShare"?',
      'portLoad needs the parameter "port" (a string: name of the port)',
    ],
    [
      '"fact": "bytes", "operator": "equal", "value": { "fact": ^"slice" }',
      'slice is a string, and bytes equal needs a number; they never match',
    ],
    [
      '"fact": "bytes", "operator": "equal", "value": { "fact": ^"bytes" }',
      'bytes is compared with itself',
    ],
    [
      '"fact": "tcpDst", "operator": "in", "value": ^{ "fact": "outPorts" }',
      'no fact is a list of numbers; use a literal list',
    ],
    [
      '"fact": "bytes", "operator": "equal", "value": { "fact": ^"byte" }',
      'unknown fact "byte"; did you mean "bytes"?',
    ],
    [
      '"fact": "bytes", "operator": "equal", "value": ^{ ^"fct": "bytes" }',
      '"rules[0].conditions.all[0].value" lacks the key "fact"',
      'unknown key "fct" in "rules[0].conditions.all[0].value"; did you mean "fact"?',
    ],
    [
      '^{ "fact": "bytes", "operator": "equal", ^"vale": 1 }',
      '"rules[0].conditions.all[0]" lacks the key "value"',
      'unknown key "vale" in "rules[0].conditions.all[0]"; did you mean "value"?',
    ],
    ['"condition": ^"shared"', 'unknown shared condition "shared"; the policy has none'],
    [
      '"fact": ^"bitPerSecond", "operator": ^"greaterTan", "value": 1',
      'unknown fact "bitPerSecond"; did you mean "bitsPerSecond"?',
      'unknown operator "greaterTan"; did you mean "greaterThan"?',
    ],
    [
      '"fact": ^"constructor", "operator": ^"__proto__", "value": 1',
      'unknown fact "constructor"',
      'unknown operator "__proto__"; operators are "equal", "notEqual", "lessThan", "lessThanInclusive", "greaterThan", "greaterThanInclusive", "in", "notIn", "contains", "doesNotContain", "between", "notBetween", "cidr", "notCidr", "matches", "doesNotMatch", "risesFasterThan", "fallsFasterThan"',
    ],
    [
      '"fact": "bytes", "operator": ^"nit:equal", "value": 1',
      'unknown decorator "nit:"; did you mean "not"?',
    ],
    [
      '"fact": "bytes", "operator": "equal", "value": 1, "priority": ^0',
      'a priority is 1 or more, not 0 (json-rules-engine would take 0 as 1)',
    ],
  ];
  for (const [condition, ...messages] of wrong) {
    it(`refuses { ${condition} }`, () => {
      const { text, columns } = unmarked(
        condition.startsWith('^{') ? condition : `{ ${condition} }`,
      );
      assert.deepEqual(
        conditionProblems(text),
        messages.map((message, i) => `6:${8 + columns[i]}: ${message}`),
      );
    });
  }

  const right = [
    '"fact": "tcpDst", "operator": "equal", "value": null',
    '"fact": "vm", "operator": "notEqual", "value": { "fact": "slice" }',
    '"fact": "outPort", "operator": "in", "value": { "fact": "outPorts" }',
    '"fact": "outPorts", "operator": "contains", "value": { "fact": "inPort" }',
    '"fact": "portLoad", "operator": "greaterThan", "value": 0.5, "path": "$.rxShare", "params": { "port": "eth0" }',
    '"fact": "portLoad", "operator": "greaterThan", "path": "$.rxShare", "params": { "port": "eth0" }, "value": { "fact": "portLoad", "path": "$.txShare", "params": { "port": "eth0" } }',
    '"fact": "bytes", "operator": "lessThan", "value": 1e9, "name": "small", "priority": 3',
    '"fact": "ipv6Dst", "operator": "equal", "value": "fd00::1"',
    '"not": { "fact": "bytes", "operator": "equal", "value": 3 }',
  ];
  for (const condition of right) {
    it(`accepts { ${condition} }`, () => {
      assert.deepEqual(conditionProblems(`{ ${condition} }`), []);
    });
  }

  it('refuses "not" around a fact that can be missing', () => {
    const message =
      '6:19: inside "not" it is not clear what holds if tcpDst is missing (the packet is not TCP); use "notEqual" instead of "not", which needs a value';
    const comparison = '{ "fact": "tcpDst", "operator": "equal", "value": 22 }';
    assert.deepEqual(conditionProblems(comparison, 'not'), [message]);
    assert.equal(conditionProblems(`{ "not": { "any": [${comparison}] } }`).length, 1);
    assert.deepEqual(conditionProblems(`{ "not": { "not": ${comparison} } }`), []);
    assert.deepEqual(
      conditionProblems('{ "fact": "tcpDst", "operator": "equal", "value": null }', 'not'),
      [],
    );
    assert.equal(
      conditionProblems(
        '{ "fact": "inPort", "operator": "equal", "value": { "fact": "vm" } }',
        'not',
      ).length,
      1,
    );
  });

  it('reports the problems of all documents', () => {
    assert.throws(
      () =>
        parsePolicies([
          { file: 'a.json', text: '{' },
          { file: 'b.json', text: policyText([rule('r', HOLDS)]) },
          { file: 'c.json', text: '[]' },
        ]),
      (error) => {
        assert(error instanceof PolicyError);
        assert.deepEqual(
          error.problems.map((p) => p.file),
          ['a.json', 'c.json'],
        );
        return true;
      },
    );
  });
});
