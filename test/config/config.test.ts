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
  it('has defaults, including the backend for the node', () => {
    const config = parseConfig(MINIMAL, FILE);
    assert.equal(config.poll.periodMs, 250);
    assert.equal(config.node.emulator.seed, 1);
    assert.equal(config.backend.adapter, 'emulator');
    assert.equal(config.onExit, 'withdraw');
    const onHost = parseConfig(MINIMAL.replace('emulator', 'ovs'), FILE);
    assert.equal(onHost.backend.adapter, 'auto');
  });

  it('has the same default planner as simulations and benches', () => {
    const { minHoldMs, operationsPerSecond: perSecond, burst } = parseConfig(MINIMAL, FILE).planner;
    assert.deepEqual({ minHoldMs, operations: { perSecond, burst } }, DEFAULT_PLANNER);
  });

  it('rejects a userspace datapath whose flows are to be read from the kernel', () => {
    const withOvs = (ovs: string): string =>
      `{"node": {"adapter": "ovs", "ovs": ${ovs}}, "policies": ["p.json"]}`;
    const kernel = '"readFlowsFrom": "kernel"';
    assert.deepEqual(problemsOf(withOvs(`{${kernel}, "datapath": "system@ovs-system"}`)), []);
    const [problem] = problemsOf(withOvs(`{${kernel}, "datapath": "netdev@ovs-netdev"}`));
    assert.match(problem, /is a userspace datapath/);
    assert.equal(
      parseConfig(MINIMAL.replace('emulator', 'ovs'), FILE).node.ovs.readFlowsFrom,
      'ovs-vswitchd',
    );
  });

  it('reports hysteresis as a removed setting', () => {
    const text = MINIMAL.replace('}, ', '}, "planner": {"hysteresis": 1.3}, ');
    assert.match(problemsOf(text).join(), /the planner computes "hysteresis"/);
  });

  it('resolves policy paths relative to the file', () => {
    const config = parseConfig(MINIMAL.replace('p.json', '../p.json'), FILE);
    assert.deepEqual(config.policies, ['/etc/p.json']);
  });

  for (const example of ['emulated.json', 'host.json']) {
    it(`the shipped ${example} is valid`, async () => {
      const config = await loadConfig(join(packageRoot(), 'config', example));
      assert.ok(config.policies.length > 0);
    });
  }

  it('reports an unknown key with its position and a similar key', () => {
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

  it('explains why a key was removed', () => {
    const [problem, ...more] = problemsOf(
      '{"node": {"adapter": "ovs"}, "policies": ["p"], "rules": {"budgetMs": 5}}',
    );
    assert.match(problem, /^1:49: "rules" limited the time for .* remove it$/);
    assert.deepEqual(more, []);
  });

  it('lists the known keys when none is similar', () => {
    const [problem] = problemsOf(
      '{"node": {"adapter": "ovs"}, "policies": ["p"], "http": {"zzzzzz": 1}}',
    );
    assert.match(
      problem,
      /it can have "enabled", "host", "port", "ifTaken", "allowRemote", "topFlows"/,
    );
  });

  it('reports a duplicate key', () => {
    assert.deepEqual(problemsOf('{\n"onExit": "keep",\n "onExit": "withdraw"}'), [
      '3:2: duplicate key "onExit"; the first is in line 2',
    ]);
  });

  it('reports all invalid types, ranges and words in file order', () => {
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

  it('reports missing keys', () => {
    assert.deepEqual(problemsOf('{}'), [
      '1:1: the document lacks the key "node"',
      '1:1: the document lacks the key "policies"',
    ]);
    assert.deepEqual(problemsOf(''), ['1:1: the file is empty']);
  });

  it('reports the position of a syntax error', () => {
    assert.deepEqual(problemsOf('{\n  "node" 1\n}'), ['2:10: a ":" is expected here']);
  });

  for (const adapter of ['tcx', 'cls_bpf']) {
    it(`accepts ${adapter}, but not on the userspace datapath`, () => {
      const withDatapath = (datapath: string) =>
        `{"node": {"adapter": "ovs", "ovs": {"datapath": "${datapath}"}}, "policies": ["p.json"],` +
        `"backend": {"adapter": "${adapter}"}}`;
      assert.deepEqual(problemsOf(withDatapath('system@ovs-system')), []);
      assert.deepEqual(problemsOf(withDatapath('netdev@ovs-netdev')), [
        `1:118: backend "${adapter}" cannot be used with the userspace datapath "netdev@ovs-netdev", ` +
          `which gets packets before ${adapter}; use "auto" or "xdp"`,
      ]);
    });
  }

  it('accepts flower with a lease that leaves time to remove rules', () => {
    const textOf = (backend: string) =>
      `{"node": {"adapter": "ovs"}, "policies": ["p.json"], "poll": {"periodMs": 100}, "backend": ${backend}}`;
    const { backend } = parseConfig(textOf('{"adapter": "flower"}'), FILE);
    assert.deepEqual([backend.adapter, backend.rulesIn], ['flower', 'hardware']);
    const short = '{"adapter": "flower", "leaseMs": 400';
    assert.throws(
      () => parseConfig(textOf(`${short}}`), FILE),
      /at least 500 with rules in hardware/,
    );
    const software = parseConfig(textOf(`${short}, "rulesIn": "software"}`), FILE);
    assert.equal(software.backend.leaseMs, 400);
  });

  const crossChecks: [string, string, RegExp][] = [
    [
      'a backend of the other node',
      '"backend": {"adapter": "xdp"}',
      /cannot be used with node "emulator"/,
    ],
    [
      'tcx on an emulated node',
      '"backend": {"adapter": "tcx"}',
      /"tcx" cannot be used with node "emulator"; use "emulator" or "none"/,
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

  it('allows remote access over HTTP with allowRemote', () => {
    const text = MINIMAL.replace('{', '{"http": {"host": "0.0.0.0", "allowRemote": true}, ');
    assert.equal(parseConfig(text, FILE).http.host, '0.0.0.0');
  });

  it('allows remote access with TLS and authentication, with paths relative to the file', () => {
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

  it('resolves the decision file relative to the file', () => {
    const none = parseConfig(MINIMAL, FILE).decisions;
    assert.deepEqual(none, { memory: 10_000, maxBytes: 10 * 1024 * 1024, keep: 5 });
    const text = MINIMAL.replace('{', '{"decisions": {"file": "log/d.ndjson"}, ');
    const { file } = parseConfig(text, FILE).decisions;
    assert.equal(file, join(dirname(FILE), 'log', 'd.ndjson'));
  });

  it('reports an unreadable file', async () => {
    await assert.rejects(loadConfig('/nonexistent/norikae.json'), ConfigUnreadable);
  });

  it('rejects any garbled file with problems inside the file', function () {
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
