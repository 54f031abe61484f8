import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { loadConfig, parseConfig } from '../../config/load-config.ts';
import { ConfigError, ConfigUnreadable } from '../../config/config-error.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { DEFAULT_PLANNER } from '../../simulation/settings.ts';

const FILE = '/etc/norikae/norikae.json';
const MINIMAL = '{"node": {"adapter": "emulator"}, "policies": ["p.json"]}';

/** Every problem as `line:column: message`. */
function problemsOf(text: string): string[] {
  try {
    parseConfig(text, FILE);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map((p) => `${p.line}:${p.column}: ${p.message}`);
  }
  return [];
}

describe('configuration', () => {
  it('fills in defaults, and the backend that belongs to the node', () => {
    const config = parseConfig(MINIMAL, FILE);
    assert.equal(config.poll.periodMs, 250);
    assert.equal(config.node.emulator.seed, 1);
    assert.equal(config.backend.adapter, 'emulator');
    assert.equal(config.onExit, 'withdraw');
    const onHost = parseConfig(MINIMAL.replace('emulator', 'ovs'), FILE);
    assert.equal(onHost.backend.adapter, 'xdp');
  });

  it('has the planner of simulations and benches where it says nothing', () => {
    const { minHoldMs, operationsPerSecond: perSecond, burst } = parseConfig(MINIMAL, FILE).planner;
    assert.deepEqual({ minHoldMs, operations: { perSecond, burst } }, DEFAULT_PLANNER);
  });

  it('says that hysteresis is no setting any more', () => {
    const text = MINIMAL.replace('}, ', '}, "planner": {"hysteresis": 1.3}, ');
    assert.match(problemsOf(text).join(), /the planner computes "hysteresis"/);
  });

  it('takes policy paths from the folder of the file', () => {
    const config = parseConfig(MINIMAL.replace('p.json', '../p.json'), FILE);
    assert.deepEqual(config.policies, ['/etc/p.json']);
  });

  for (const example of ['emulated.json', 'host.json']) {
    it(`the shipped ${example} is valid`, () => {
      const config = loadConfig(join(packageRoot(), 'config', example));
      assert.ok(config.policies.length > 0);
    });
  }

  it('names an unknown key, where it stands, and the key that was meant', () => {
    assert.deepEqual(
      problemsOf(`{
  // a comment
  "node": { "adapter": "emulator" },
  "policies": ["p.json"],
  "poll": { "period_ms": 100 },
  "polices": [],
}`),
      [
        '5:13: unknown key "period_ms" in "poll"; did you mean "periodMs"?',
        '6:3: unknown key "polices"; did you mean "policies"?',
      ],
    );
  });

  it('says why a key is gone that there was once', () => {
    const [problem, ...more] = problemsOf(
      '{"node": {"adapter": "ovs"}, "policies": ["p"], "rules": {"budgetMs": 5}}',
    );
    assert.match(problem, /^1:49: "rules" set a time for .* remove it$/);
    assert.deepEqual(more, []);
  });

  it('lists the known keys when none is near', () => {
    const [problem] = problemsOf(
      '{"node": {"adapter": "ovs"}, "policies": ["p"], "http": {"zzzzzz": 1}}',
    );
    assert.match(
      problem,
      /it can have "enabled", "host", "port", "ifTaken", "allowRemote", "topFlows"/,
    );
  });

  it('finds a key that is listed twice', () => {
    assert.deepEqual(problemsOf('{\n"onExit": "keep",\n "onExit": "withdraw"}'), [
      '3:2: key "onExit" is there twice; the first is in line 2',
    ]);
  });

  it('finds wrong types, ranges and words, all at once and in file order', () => {
    assert.deepEqual(
      problemsOf(
        '{"node": {"adapter": "osv"},\n"policies": ["p"],\n"poll": {"periodMs": "fast"},\n' +
          '"backend": {"entries": 0}, "planner": {"burst": 1.5}}',
      ),
      [
        '1:22: "node.adapter" cannot be "osv"; did you mean "ovs"?',
        '3:22: "poll.periodMs" must be an integer, not "fast"',
        '4:24: "backend.entries" must be 1 or more, not 0',
        '4:49: "planner.burst" must be an integer, not 1.5',
      ],
    );
  });

  it('says what is missing', () => {
    assert.deepEqual(problemsOf('{}'), [
      '1:1: the document lacks the key "node"',
      '1:1: the document lacks the key "policies"',
    ]);
    assert.match(problemsOf('')[0], /^1:1: a value is expected here/);
  });

  it('finds the place of a syntax error', () => {
    assert.deepEqual(problemsOf('{\n  "node" 1\n}'), ['2:10: a ":" is expected here']);
  });

  const crossChecks: [string, string, RegExp][] = [
    [
      'a backend of the other node',
      '"backend": {"adapter": "xdp"}',
      /cannot be used with node "emulator"/,
    ],
    ['a lease shorter than two readings', '"backend": {"leaseMs": 400}', /at least twice/],
    ['a longest period below the shortest', '"poll": {"maxPeriodMs": 100}', /must not be below/],
    [
      'an HTTP server for everybody',
      '"http": {"host": "0.0.0.0"}',
      /without TLS .* without authentication/,
    ],
    [
      'an HTTP server elsewhere without TLS',
      '"http": {"host": "::", "tokenFile": "token"}',
      /without TLS \(set "http\.tls"\); or listen on 127\.0\.0\.1/,
    ],
    [
      'an HTTP server elsewhere without authentication',
      '"http": {"host": "node1", "tls": {"certificate": "c.pem", "key": "k.pem"}}',
      /without authentication \(set "http\.tokenFile" or "http\.users"\); or listen/,
    ],
  ];
  for (const [title, setting, expected] of crossChecks) {
    it(`refuses ${title}`, () => {
      const problems = problemsOf(MINIMAL.replace('{', `{${setting}, `));
      assert.equal(problems.length, 1);
      assert.match(problems[0], expected);
    });
  }

  it('lets the HTTP server be reached from outside when that is said aloud', () => {
    const text = MINIMAL.replace('{', '{"http": {"host": "0.0.0.0", "allowRemote": true}, ');
    assert.equal(parseConfig(text, FILE).http.host, '0.0.0.0');
  });

  it('lets it be reached from outside with TLS and authentication, files beside itself', () => {
    const tls = '"tls": {"certificate": "tls/c.pem", "key": "/k.pem"}';
    const http = `{"host": "0.0.0.0", ${tls}, "users": "users", "hostNames": ["Node1.example"]}`;
    const settings = parseConfig(MINIMAL.replace('{', `{"http": ${http}, `), FILE).http;
    assert.deepEqual(settings.tls, {
      certificate: join(dirname(FILE), 'tls/c.pem'),
      key: '/k.pem',
    });
    assert.equal(settings.users, join(dirname(FILE), 'users'));
    assert.equal(settings.tokenFile, undefined);
    assert.deepEqual(settings.hostNames, ['node1.example']);
  });

  it('puts the file of decisions beside itself, when there is one', () => {
    const none = parseConfig(MINIMAL, FILE).decisions;
    assert.deepEqual(none, { memory: 10_000, maxBytes: 10 * 1024 * 1024, keep: 5 });
    const text = MINIMAL.replace('{', '{"decisions": {"file": "log/d.ndjson"}, ');
    const { file } = parseConfig(text, FILE).decisions;
    assert.equal(file, join(dirname(FILE), 'log', 'd.ndjson'));
  });

  it('says that a file cannot be read', () => {
    assert.throws(() => loadConfig('/nonexistent/norikae.json'), ConfigUnreadable);
  });

  it('never fails otherwise than with problems inside the file, however garbled it is', function () {
    this.timeout(20_000);
    const example = readFileSync(join(packageRoot(), 'config', 'host.json'), 'utf8');
    const lines = example.split('\n');
    fc.assert(
      fc.property(
        fc.nat(example.length),
        fc.nat(40),
        fc.oneof(fc.string(), fc.json()),
        (at, cut, inserted) => {
          const text = example.slice(0, at) + inserted + example.slice(at + cut);
          try {
            parseConfig(text, FILE);
          } catch (error) {
            assert.ok(error instanceof ConfigError, String(error));
            for (const p of error.problems) {
              assert.ok(p.line >= 1 && p.line <= text.split('\n').length + lines.length);
              assert.ok(p.column >= 1);
            }
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
