import assert from 'node:assert/strict';
import { parsePolicies } from '../../policy/parse/parse-policies.ts';
import { BUSY, CPU, FACTS, nodeRule, policy, problemsOf, refuses, rule } from './marked-policy.ts';

describe('policy language', () => {
  it('converts quantities to numbers in the unit of the fact, in lists and ranges as well', () => {
    const { rules } = parsePolicies([
      {
        file: 'p',
        text: policy(
          '',
          rule(
            'r',
            `{ "all": [
            { "fact": "bitsPerSecond", "operator": "greaterThan", "value": "10Mbit/s" },
            { "fact": "ageMs", "operator": "between", "value": ["1s", "2min"] },
            { "fact": "portLoad", "params": { "port": "e" }, "path": "$.rxShare", "operator": "lessThan", "value": "90%" },
            { "fact": "bytes", "operator": "in", "value": ["64KiB", 1] },
            { "fact": "packetsPerSecond", "operator": "risesFasterThan", "value": "1kpps/s" }
          ] }`,
          ),
        ),
      },
    ]);
    const { conditions } = rules[0];
    assert('all' in conditions);
    assert.deepEqual(
      conditions.all.map((c) => ('value' in c ? [c.fact, c.value] : [])),
      [
        ['bitsPerSecond', 10_000_000],
        ['ageMs', [1000, 120_000]],
        ['portLoad', 0.9],
        ['bytes', [65_536, 1]],
        ['rateOfChange', 1000],
      ],
    );
  });

  it('resolves references to shared conditions and keeps the positions of their declarations', () => {
    const text = policy(
      `"conditions": {
  "ip": { "any": [{ "fact": "ethType", "operator": "equal", "value": 2048 }] },
  "busy-ip": { "all": [{ "condition": "ip" }, { "fact": "bytes", "operator": "greaterThan", "value": 1 }] }
},`,
      rule('r', '{ "condition": "busy-ip" }'),
    );
    const { conditions } = parsePolicies([{ file: 'p', text }]).rules[0];
    assert('all' in conditions && conditions.name === 'busy-ip');
    const [ip] = conditions.all;
    assert('any' in ip && ip.name === 'ip');
    assert.equal(ip.any[0].at?.line, 3);
  });

  it('refuses references that are unknown, cyclic or invalid in their context', () => {
    const ip =
      '"conditions": { "ip": { "all": [{ "fact": "tcpDst", "operator": "equal", "value": 80 }] } },';
    refuses(
      policy(ip, rule('r', '{ "condition": ^"ipp" }')),
      'unknown shared condition "ipp"; did you mean "ip"?',
    );
    refuses(
      policy(ip, rule('r', '{ "not": { "condition": ^"ip" } }')),
      'condition "ip" cannot be used here: inside "not" it is not clear what holds if tcpDst is missing (the packet is not TCP); use "notEqual" instead of "not", which needs a value',
    );
    refuses(
      policy(
        `${FACTS} ${ip}`,
        nodeRule('{ "condition": ^"ip" }', '{ "fact": "from", "value": 1 }'),
      ),
      'condition "ip" cannot be used here: tcpDst is a fact of flows; a node rule can use only facts of the node',
    );
    refuses(
      policy(
        '"conditions": { "a": { "all": [{ "condition": ^"b" }] }, "b": { "not": { "condition": ^"a" } } },',
        rule('r', BUSY),
      ),
      'the shared conditions reference each other in a cycle: a -> b -> a',
      'the shared conditions reference each other in a cycle: b -> a -> b',
    );
  });

  it('refuses references that expand exponentially, without expanding them', () => {
    const twenty = Array.from({ length: 20 }, (_, i) => {
      const of =
        i === 0
          ? '{ "fact": "bytes", "operator": "greaterThan", "value": 1 }'
          : `{ "condition": "c${i - 1}" }`;
      return `"c${i}": { "all": [${Array.from({ length: 10 }, () => of).join()}] }`;
    });
    const text = policy(
      `"conditions": { ${twenty.join()} },`,
      rule('r', '{ "not": { "condition": "c19" } }'),
    );
    const startedMs = performance.now();
    assert.match(problemsOf(text).join(), /the rule has \S+ conditions; the limit is 1000/);
    assert(performance.now() - startedMs < 2000);
  });

  const wrong: readonly (readonly [string, ...string[]])[] = [
    [
      '"fact": "ageMs", "operator": "greaterThan", "value": ^"10Mbit/s"',
      'ageMs is a number (ms); "Mbit/s" is a bit rate; it takes "ms", "s", "min", "h", "d"',
    ],
    [
      '"fact": "bitsPerSecond", "operator": "greaterThan", "value": ^"10mbit/s"',
      'bitsPerSecond is a number (bit/s); unknown unit "mbit/s"; did you mean "Mbit/s"?',
    ],
    [
      '"fact": "tcpDst", "operator": "equal", "value": ^"80s"',
      'tcpDst is a number; it has no unit; write a number',
    ],
    [
      '"fact": "tcpDst", "operator": "equal", "value": ^70000',
      'tcpDst is from 0 to 65535; it is never 70000',
    ],
    [
      '"fact": "hostCpu", "operator": "greaterThan", "value": ^"100%"',
      'hostCpu is from 0 to 1; greaterThan "100%" never holds',
    ],
    [
      '"fact": "bytes", "operator": "lessThan", "value": ^0',
      'bytes is never below 0; lessThan 0 never holds',
    ],
    [
      '"fact": "bytes", "operator": "between", "value": ^["2kB", "1kB"]',
      'the bounds contradict each other: "2kB" is above "1kB"',
    ],
    [
      '"fact": "bytes", "operator": "between", "value": ^[1]',
      'between needs two numbers, [low, high], not [1]',
    ],
    [
      '"fact": "bitsPerSecond", "operator": "greaterThan", "value": { "fact": ^"packetsPerSecond" }',
      'packetsPerSecond is in packet/s, and bitsPerSecond is in bit/s; they cannot be compared',
    ],
    [
      '"fact": "ipDst", "operator": "cidr", "value": ^"10.0.0.1/8"',
      '"10.0.0.1/8" is not a subnet such as "10.0.0.0/8" or "fd00::/8"; bits after the prefix must be 0',
    ],
    [
      '"fact": "ipDst", "operator": "cidr", "value": ["10.0.0.0/8", ^3]',
      '3 is not a subnet such as "10.0.0.0/8" or "fd00::/8"',
    ],
    [
      '"fact": "ipv4Dst", "operator": "cidr", "value": ^"fd00::/8"',
      'ipv4Dst is an IPv4 address; it is never in "fd00::/8"',
    ],
    [
      '"fact": "inPort", "operator": ^"cidr", "value": "10.0.0.0/8"',
      'cidr compares IP addresses, and inPort is not an address; use "ipSrc" or "ipDst", for example',
    ],
    [
      '"fact": "inPort", "operator": "matches", "value": ^"(?=a)"',
      'the pattern is not a valid regular expression of RE2: invalid or unsupported Perl syntax: "(?="',
    ],
    [
      '"fact": "ipDst", "operator": "equal", "value": ^"10.0.250.0/24"',
      'ipDst is one address, and "10.0.250.0/24" is a subnet; use the operator "cidr"',
    ],
    [
      '"fact": "ipv6Src", "operator": "notIn", "value": ["fd00::1", ^"fd00::/8"]',
      'ipv6Src is one address, and "fd00::/8" is a subnet; use the operator "notCidr"',
    ],
    [
      '"fact": "inPort", "operator": "matches", "value": ^3',
      'matches needs a regular expression, not 3',
    ],
    [
      '"fact": "bytes", "operator": "risesFasterThan", "value": ^"1kB"',
      'bytes is a number (byte per second); "kB" is a number of bytes; it takes "B/s", "byte/s", "bytes/s", "kB/s", "MB/s", "GB/s", "TB/s", "KiB/s", "MiB/s", "GiB/s", "TiB/s"',
    ],
    [
      '"fact": "bytes", "operator": "risesFasterThan", "value": ^-1',
      'risesFasterThan needs a number of 0 or more',
    ],
    [
      '"fact": "rateOfChange", "params": { "of": ^"slice" }, "operator": "greaterThan", "value": 1',
      'unknown value "slice" of the parameter "of" of rateOfChange',
    ],
    [
      '"fact": "scheduleActive", "params": { "schedule": ^"night" }, "operator": "equal", "value": true',
      'unknown value "night" of the parameter "schedule" of scheduleActive',
    ],
    [
      '"fact": "table", "params": { "placement": ^"offlod" }, "path": "$.fill", "operator": "lessThan", "value": 0.5',
      'unknown value "offlod" of the parameter "placement" of table; did you mean "offload"?',
    ],
    [
      '"fact": "time", "params": { "timezone": ^"Mars" }, "path": "$.hour", "operator": "lessThan", "value": 5',
      'unknown time zone "Mars"; use a name such as "Europe/Berlin" or "UTC"',
    ],
    [
      '"fact": "outPorts", "operator": "someFact:equal", "value": ^3',
      'outPorts is a string; 3 never matches',
    ],
    [
      '"fact": "inPort", "operator": ^"someFact:equal", "value": "a"',
      '"someFact:" needs a list, and inPort is a string',
    ],
    [
      '"fact": "inPort", "operator": "everyValue:notEqual", "value": ^"a"',
      '"everyValue:" needs a list with at least one value, not "a"',
    ],
    [
      '"fact": "inPort", "operator": ^"swap:equal", "value": "a"',
      '"swap:" needs another fact as the value; with a literal, use the mirrored operator instead',
    ],
    [
      '"fact": "inPort", "operator": ^"not:eqal", "value": "a"',
      'unknown operator "eqal"; did you mean "equal"?',
    ],
    [
      '"fact": "bytes", "operator": ^">=", "value": 1',
      'unknown operator ">="; did you mean "greaterThanInclusive"?',
    ],
    [
      '"fact": "bytes", "operator": ^"gte", "value": 1',
      'unknown operator "gte"; did you mean "greaterThanInclusive"?',
    ],
    [
      '"fact": "bytes", "operator": ^"not:<", "value": 1',
      'unknown operator "<"; did you mean "lessThan"?',
    ],
    [
      '"fact": "inPort", "operator": ^"=~", "value": "a"',
      'unknown operator "=~"; did you mean "matches"?',
    ],
    [
      '"fact": ^"src_ip", "operator": "equal", "value": "10.0.0.1"',
      'unknown fact "src_ip"; did you mean "ipSrc"?',
    ],
    [
      '"fact": ^"nw_dst", "operator": "equal", "value": "10.0.0.1"',
      'unknown fact "nw_dst"; did you mean "ipDst"?',
    ],
    [
      '"fact": ^"dstPort", "operator": "equal", "value": 80',
      'unknown fact "dstPort"; did you mean "tcpDst" or "udpDst"?',
    ],
    [
      '"fact": ^"tp_src", "operator": "equal", "value": 80',
      'unknown fact "tp_src"; did you mean "tcpSrc" or "udpSrc"?',
    ],
    [
      '"fact": ^"vlan", "operator": "equal", "value": 80',
      'unknown fact "vlan"; did you mean "vlanId"?',
    ],
    [
      '"fact": "hostCpu", "operator": "greaterThan", "value": ^80',
      'hostCpu is from 0 to 1; it is never 80; did you mean "80%"?',
    ],
    [
      '"fact": "tableFill", "operator": "between", "value": [0.5, ^95]',
      'tableFill is from 0 to 1; it is never 95; did you mean "95%"?',
    ],
    [
      '"fact": "bytes", "operator": "greaterThan", "value": ^"80"',
      'bytes is a number (byte); "80" never matches; write 80 without quotes',
    ],
    [
      '"fact": "tcpDst", "operator": "equal", "value": ^70000',
      'tcpDst is from 0 to 65535; it is never 70000',
    ],
    [
      '"fact": "inPort", "operator": ^"not:not:not:not:not:equal", "value": "a"',
      'operator "not:not:not:not:not:equal" has too many decorators',
    ],
  ];
  for (const [condition, ...messages] of wrong) {
    it(`refuses { ${condition.slice(0, 90)} }`, () => {
      refuses(policy('', rule('r', `{ "all": [{ ${condition} }] }`)), ...messages);
    });
  }

  const right = [
    '"fact": "ipSrc", "operator": "cidr", "value": ["10.0.0.0/8", "fd00::/8"]',
    '"fact": "outPorts", "operator": "someFact:matches", "value": "^eth"',
    '"fact": "inPort", "operator": "everyValue:not:equal", "value": ["a", "b"]',
    '"fact": "inPort", "operator": "swap:contains", "value": { "fact": "outPorts" }',
    '"fact": "tcpDst", "operator": "not:between", "value": [0, 1023]',
    '"fact": "time", "params": { "timezone": "UTC" }, "path": "$.hour", "operator": "between", "value": [22, 23]',
    '"fact": "rateOfChange", "params": { "of": "hostCpu" }, "operator": "lessThan", "value": "-5%/s"',
    '"fact": "sliceUse", "params": { "slice": "gold" }, "path": "$.entries", "operator": "lessThan", "value": 5',
  ];
  for (const condition of right) {
    it(`accepts { ${condition} }`, () => {
      assert.deepEqual(problemsOf(policy('', rule('r', `{ "all": [{ ${condition} }] }`))), []);
    });
  }

  it('refuses node rules that use flow facts or request a placement, and flow rules that set facts', () => {
    refuses(
      policy(
        FACTS,
        nodeRule(
          '{ "all": [{ "fact": ^"bytes", "operator": "greaterThan", "value": 1 }] }',
          '{ "fact": "from", "value": 1 }',
        ),
      ),
      'bytes is a fact of flows; a node rule can use only facts of the node',
    );
    refuses(
      policy(FACTS, nodeRule(CPU, '{}', '^"onload"')),
      'a node rule sets a fact ("set-fact") and cannot request a placement',
    );
    refuses(
      policy(
        FACTS,
        `{ "name": "r", "conditions": ${CPU}, "event": { "type": ^"set-fact", "params": { "fact": "from", "value": 1 } } }`,
      ),
      'only a rule with "scope": "node" sets facts',
    );
  });

  const given: readonly (readonly [string, ...string[]])[] = [
    ['{ "fact": ^"form", "value": 1 }', 'unknown fact "form"; did you mean "from"?'],
    [
      '{ "fact": ^"hostCpu", "value": 1 }',
      'hostCpu is not a fact of this policy; facts of this policy are "from", "mood"',
    ],
    [
      '{ "fact": "from", "value": ^"1s" }',
      'from is a number (packet/s); "s" is a time; it takes "packet/s", "packets/s", "pps", "kpacket/s", "kpackets/s", "kpps", "Mpacket/s", "Mpackets/s", "Mpps"',
    ],
    ['{ "fact": "mood", "value": ^3 }', 'mood is a string; 3 cannot be set'],
    [
      '{ "fact": "mood", "value": ^{ "fact": "hostCpu" } }',
      'mood is a string; only a number can be computed from a fact',
    ],
    [
      '{ "fact": "from", "value": { "fact": ^"hostCpu" } }',
      'hostCpu is in share, 0 to 1, and from is in packet/s; specify "times"',
    ],
    [
      '{ "fact": "from", "value": { "fact": ^"bytes", "times": 1 } }',
      'bytes is a fact of flows; a node rule can use only facts of the node',
    ],
    [
      '{ "fact": "from", "value": { "fact": "hostCpu", "times": 9, "atLeast": ^"2kpps", "atMost": 1 } }',
      '"atLeast" is above "atMost"; the bounds contradict each other',
    ],
    [
      '{ "fact": "from", "value": { "fact": "hostCpu", "times": 9, "plus": ^"2s" } }',
      'from is a number (packet/s); "s" is a time; it takes "packet/s", "packets/s", "pps", "kpacket/s", "kpackets/s", "kpps", "Mpacket/s", "Mpackets/s", "Mpps"',
    ],
  ];
  for (const [params, ...messages] of given) {
    it(`refuses to set ${params}`, () => {
      refuses(policy(FACTS, nodeRule(CPU, params)), ...messages);
    });
  }

  it('collects all values of a string fact of the policy', () => {
    const set = nodeRule(CPU, '{ "fact": "mood", "value": "angry" }');
    const usedAs = (word: string) =>
      rule('r', `{ "all": [{ "fact": "mood", "operator": "equal", "value": ^"${word}" }] }`);
    refuses(policy(FACTS, set, usedAs('angri')), 'mood is never "angri"; did you mean "angry"?');
    assert.deepEqual(problemsOf(policy(FACTS, set, usedAs('calm').replace('^', ''))), []);
  });

  it('refuses facts that are never set', () => {
    refuses(
      policy('"facts": { "a": ^{ "type": "number" } },', rule('r', BUSY)),
      'no rule sets "a" and it has no "initial"; it is always missing',
    );
  });

  it('refuses facts with existing names or invalid declarations', () => {
    refuses(
      policy(
        '"facts": { "bytes": ^{ "type": "number", "initial": 1 }, "a": { "type": "string", "initial": "x", "unit": ^"ms" }, "b": { "type": "number", "unit": "ms", "initial": ^"1kB" }, "c": { "type": ^"object" } },',
        rule('r', BUSY),
      ),
      '"bytes" is an existing fact; choose another name',
      'a string has no unit',
      'b is a number (ms); "kB" is a number of bytes; it takes "ms", "s", "min", "h", "d"',
      '"facts.c.type" cannot be "object"; it can be "number", "string", "boolean"',
    );
  });

  const schedules: readonly (readonly [string, ...string[]])[] = [
    [
      '"cron": ^"61 * * * *", "duration": "1h"',
      'the minute "61" of the cron expression is not valid',
    ],
    [
      '"cron": ^"daily", "duration": "1h"',
      '"daily" is not a cron expression: expected 5 or 6 fields but got 1',
    ],
    [
      '"cron": "0 2 * * *", "duration": "1h", "timezone": ^"Europe/Berln"',
      'unknown time zone "Europe/Berln"; did you mean "Europe/Berlin"?',
    ],
    [
      '"cron": "0 2 * * *", "duration": ^"1kB"',
      '"duration" is a time; "kB" is a number of bytes; it takes "ms", "s", "min", "h", "d"',
    ],
    ['"cron": "0 2 * * *", "duration": ^0', 'a schedule must last at least a second'],
    ['"cron": "0 2 * * *", "duration": ^"32d"', 'a schedule can be active for at most 31 days'],
    [
      '"cron": "0 2 * * *", "duration": "1h", "before": ^"soon"',
      '"before" is a time such as "2h" or "30s", not "soon"',
    ],
  ];
  for (const [text, ...messages] of schedules) {
    it(`refuses the schedule { ${text} }`, () => {
      refuses(policy(`"schedules": { "s": { ${text} } },`, rule('r', BUSY)), ...messages);
    });
  }

  it('refuses references to unknown schedules', () => {
    const night = '"schedules": { "night": { "cron": "0 2 * * *", "duration": "1h" } },';
    refuses(
      policy(night, rule('r', BUSY, ', "active": ^"nigth"')),
      'unknown schedule "nigth"; did you mean "night"?',
    );
    refuses(
      policy('"active": [^"x"],', rule('r', BUSY)),
      'unknown schedule "x"; the policy has none under "schedules"',
    );
  });

  it('adds a condition on the schedules before the conditions of a rule', () => {
    const text = policy(
      '"active": ["a", "b"], "schedules": { "a": { "cron": "0 2 * * *", "duration": "1h" }, "b": { "cron": "0 3 * * *", "duration": 60000, "timezone": "Europe/Berlin", "before": "1min" } },',
      rule('r', BUSY, ', "active": "b"'),
    );
    const { rules, schedules: parsed } = parsePolicies([{ file: 'p', text }]);
    assert.deepEqual(rules[0].active, [['p/a', 'p/b'], ['p/b']]);
    assert('all' in rules[0].conditions);
    const [first, second] = rules[0].conditions.all;
    assert('any' in first && first.any.length === 2);
    assert.deepEqual(second, {
      fact: 'scheduleActive',
      params: { schedule: 'p/b' },
      operator: 'equal',
      value: true,
    });
    assert.deepEqual(parsed[1], {
      name: 'p/b',
      description: undefined,
      policy: 'p',
      cron: '0 3 * * *',
      timezone: 'Europe/Berlin',
      durationMs: 60_000,
      beforeMs: 60_000,
      afterMs: 0,
    });
  });

  const slices: readonly (readonly [string, ...string[]])[] = [
    ['"members": ^[]', '"slices.s.members" is empty; it needs at least one'],
    ['"members": [^{}]', '"slices.s.members[0]" is empty; it needs at least one key'],
    [
      '"members": [{ "subnet": ^"10.0.0.1/8" }]',
      '"10.0.0.1/8" is not a subnet such as "10.0.0.0/8" or "fd00::/8"; bits after the prefix must be 0',
    ],
    ['"members": [{ "vlan": ^5000 }]', '"slices.s.members[0].vlan" must be 4095 or less, not 5000'],
    ['"members": [{ "vm": "a" }], "guaranteed": ^"120%"', '"guaranteed" is from 0% to 100%'],
    [
      '"members": [{ "vm": "a" }], "guaranteed": ^1.5',
      '"guaranteed" is a whole number of entries, 0 or more, or a share such as "25%"',
    ],
    [
      '"members": [{ "vm": "a" }], "maximum": ^"many"',
      '"maximum" is a number of entries or a share such as "25%", not "many"',
    ],
    [
      '"members": [{ "vm": "a" }], "guaranteed": ^"50%", "maximum": "20%"',
      'the guarantee exceeds the maximum',
    ],
    ['"members": [{ "vm": "a" }], "weight": ^0', '"slices.s.weight" must be more than 0, not 0'],
  ];
  for (const [text, ...messages] of slices) {
    it(`refuses the slice { ${text} }`, () => {
      refuses(policy(`"slices": { "s": { ${text} } },`, rule('r', BUSY)), ...messages);
    });
  }

  it('refuses slices of shadow policies, slices declared twice and invalid names', () => {
    const slice = '{ "s": { "members": [{ "vm": "a" }] } }';
    refuses(
      policy(`"mode": "shadow", "slices": ^${slice},`, rule('r', BUSY)),
      'a shadow policy cannot declare slices, because they would change what other policies see; declare them in an enforced policy',
    );
    refuses(
      policy(`"slices": { ^"1": { "members": [{ "vm": "a" }] } },`, rule('r', BUSY)),
      'a name can have letters, digits, ".", "_" and "-" and starts with a letter; it is "1"',
    );
    const a = policy(`"slices": ${slice},`, rule('r', BUSY));
    const b = a.replace('"name": "p"', '"name": "q"').replace('"value": 1', '"value": 0');
    assert.match(problemsOf(a, b).join(), /slice "s" is already declared in policy "p"/);
  });

  it('refuses guarantees of more than the whole table, also of several policies', () => {
    const guarantees = (...shares: readonly string[]) =>
      `"slices": { ${shares
        .map((share, i) => `"s${i}": { "members": [{ "vm": "a" }], "guaranteed": ${share} }`)
        .join(', ')} },`;
    refuses(
      policy(guarantees('"60%"', '500', '^"50%"'), rule('r', BUSY)),
      'with this slice, 110% of the table are guaranteed; the limit is 100%',
    );
    const tenths = Array.from({ length: 10 }, () => '"10%"');
    refuses(policy(guarantees(...tenths), rule('r', BUSY)));
    const a = policy(guarantees('"60%"'), rule('r', BUSY));
    const b = a.replace('"name": "p"', '"name": "q"').replace('"s0"', '"t0"');
    const other = b.replace('"value": 1', '"value": 0');
    assert.match(problemsOf(a, other).join(), /^p1:2:.*120% of the table are guaranteed/);
  });

  it('refuses numbers that are not finite', () => {
    const bytes = '{ "all": [{ "fact": "bytes", "operator": "greaterThan", "value": ^1e999 }] }';
    refuses(policy('', rule('r', bytes)), 'the number is too large');
    const score =
      '{ "name": "r", "conditions": $, "event": { "type": "offload", "params": { "score": ^-1e400 } } }';
    refuses(policy('', score.replace('$', BUSY)), 'the number is too large');
    const rate =
      '{ "all": [{ "fact": "bitsPerSecond", "operator": "greaterThan", "value": ^"$Tbit/s" }] }';
    refuses(
      policy('', rule('r', rate.replace('$', '9'.repeat(305)))),
      'bitsPerSecond is a number (bit/s); the number is too large',
    );
  });

  it('accepts a range of one value', () => {
    for (const operator of ['between', 'notBetween']) {
      const range = `{ "all": [{ "fact": "tcpDst", "operator": "${operator}", "value": [5, 5] }] }`;
      refuses(policy('', rule('r', range)));
    }
    const high = '{ "all": [{ "fact": "tcpDst", "operator": "between", "value": ^[6, 5] }] }';
    refuses(policy('', rule('r', high)), 'the bounds contradict each other: 6 is above 5');
  });

  it('refuses an unknown mode', () => {
    refuses(
      policy('"mode": ^"shadwo",', rule('r', BUSY)),
      '"mode" cannot be "shadwo"; did you mean "shadow"?',
    );
  });
});
