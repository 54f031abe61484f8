import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../../../cli/program.ts';
import { startControlServer } from '../../../server/control/control-server.ts';
import { packageRoot } from '../../../platform/package-root.ts';
import { coloursOf } from '../../../platform/terminal.ts';
import { FACTS } from '../../../policy/facts/facts.ts';
import { POLICY, policyFolder } from '../../policy-tools/fixture.ts';
import { FakeView, flowOf, statusOf } from '../../support/fake-view.ts';
import { recordingLog } from '../../support/quiet-log.ts';
import { TestTerminal } from '../../support/test-terminal.ts';

const TESTS = {
  tests: [
    {
      name: 'a fast flow goes',
      flows: { a: { packetsPerSecond: '5000x8' } },
      expect: [{ flow: 'a', placement: 'offload' }],
    },
  ],
};
const FAILING = {
  tests: [{ ...TESTS.tests[0], expect: [{ flow: 'a', placement: 'onload' }] }],
};

describe('norikae policy', () => {
  let folder: ReturnType<typeof policyFolder>;
  let stdout: TestTerminal;
  let stderr: TestTerminal;

  beforeEach(() => {
    folder = policyFolder();
    stdout = new TestTerminal();
    stderr = new TestTerminal();
  });

  afterEach(() => folder.remove());

  /** Runs `norikae policy ...`; resolves to its exit code. */
  function policy(...argv: string[]): Promise<number> {
    stdout.text = '';
    stderr.text = '';
    return runProgram(
      {
        stdout,
        stderr,
        env: { NORIKAE_CONTROL: folder.file('control.sock') },
        loadDaemon: () => Promise.reject(new Error('this test runs no daemon')),
        exit: () => {},
        now: () => performance.now(),
      },
      ['policy', ...argv],
    );
  }

  /** The output of a command with `--json`. */
  async function json(code: number, ...argv: string[]) {
    assert.equal(await policy(...argv, '--json'), code, stderr.text);
    return JSON.parse(stdout.text);
  }

  it('has help for every command, with its exit codes or examples', async () => {
    for (const name of [
      'check',
      'lint',
      'fmt',
      'test',
      'explain',
      'facts',
      'diff',
      'init',
      'status',
    ]) {
      assert.equal(await policy(name, '--help'), 0);
      assert.match(stdout.text, /Examples:|Exit codes:/, name);
    }
    assert.equal(await policy('chekc'), 2);
    assert.match(stderr.text, /Did you mean check/);
  });

  describe('check', () => {
    it('lists valid policies', async () => {
      const file = folder.write('p.json', POLICY);
      assert.equal(await policy('check', file), 0);
      assert.match(stdout.text, /^ok {2}\S+p\.json: policy p 1, revision [0-9a-f]{12}, 2 rules$/m);
      const { ok, policies } = await json(0, 'check', file);
      assert.equal(ok, true);
      assert.deepEqual(
        { ...policies[0], revision: '' },
        {
          file,
          name: 'p',
          version: '1',
          mode: 'enforce',
          revision: '',
          rules: 2,
        },
      );
    });

    it('prints every error of every file with its position', async () => {
      folder.write('a.json', JSON.stringify(POLICY, null, 2).replace('"equal"', '"equall"'));
      folder.write('b.json', '{');
      folder.write('c.json', POLICY);
      assert.equal(await policy('check', folder.path), 1);
      assert.match(stdout.text, /a\.json:12:\d+: .*did you mean "equal"/);
      assert.match(stdout.text, /b\.json:1:\d+: /);
      assert.match(stdout.text, /ok {2}.*c\.json/);
      assert.match(stderr.text, /in 2 of 3 files/);
      const { ok, problems } = await json(1, 'check', folder.path);
      assert.equal(ok, false);
      assert.equal(problems[0].line, 12);
    });

    it('ignores tests and schemas in a folder', async () => {
      folder.write('p.json', POLICY);
      folder.write('p.test.json', TESTS);
      folder.write('policy.schema.json', {});
      assert.equal(await policy('check', folder.path), 0);
    });

    it('knows tests and schemas from policies among named files', async () => {
      const files = [
        folder.write('p.json', POLICY),
        folder.write('p.test.json', TESTS),
        folder.write('more.json', TESTS),
        folder.write('policy.schema.json', {}),
        folder.write('other.json', { $schema: 'https://json-schema.org/draft/2020-12/schema' }),
      ];
      assert.equal(await policy('check', ...files), 0, stdout.text);
      assert.match(stdout.text, /^ok {2}\S+p\.json: policy p 1, /m);
      assert.match(stdout.text, /^ok {2}\S+p\.test\.json: \d+ tests?, not run$/m);
      assert.match(stdout.text, /^ok {2}\S+more\.json: \d+ tests?, not run$/m);
      assert.match(stdout.text, /^-- {2}\S+policy\.schema\.json: a schema$/m);
      assert.match(stdout.text, /^-- {2}\S+other\.json: a schema$/m);
      folder.write('p.test.json', { tests: [{ name: 'a', flowz: {} }] });
      assert.equal(await policy('check', '--together', ...files), 1);
      assert.match(stdout.text, /p\.test\.json:\d+:\d+: unknown key "flowz".*"flows"/);
      assert.match(stderr.text, /in 1 of 3 files/);
    });

    it('finds errors of policies as a set', async () => {
      const files = [folder.write('a.json', POLICY), folder.write('b.json', POLICY)];
      assert.equal(await policy('check', ...files), 0);
      assert.equal(await policy('check', '--together', ...files), 1);
      assert.match(stdout.text, /b\.json:\d+:\d+: .*"p"/);
    });

    it('does not report a file with errors as valid', async () => {
      const files = [folder.write('a.json', POLICY), folder.write('b.json', POLICY)];
      assert.equal(await policy('check', '--together', ...files), 1);
      assert.match(stdout.text, /^ok .*a\.json/m);
      assert.doesNotMatch(stdout.text, /^ok .*b\.json/m);
      const { policies } = await json(1, 'check', '--together', ...files);
      assert.deepEqual(
        policies.map((p: { file: string }) => p.file),
        [files[0]],
      );
    });

    it('notes rules that are never reached because of another policy, and accepts them', async () => {
      const shipped = join(packageRoot(), 'policies');
      const heavy = JSON.parse(readFileSync(join(shipped, 'heavy-hitters.json'), 'utf8'));
      const shadow = folder.write('heavy.json', { ...heavy, mode: 'shadow' });
      const own = folder.file('mine.json');
      assert.equal(await policy('init', own), 0);
      // The default policy with the bounds of the other policies.
      const patient = readFileSync(join(shipped, 'default.json'), 'utf8');
      const both = folder.write('default.json', JSON.parse(patient.replaceAll('"5s"', '"2s"')));
      for (const file of [shadow, own]) {
        assert.equal(await policy('check', '--together', both, file), 0, stdout.text);
        assert.match(
          stdout.text,
          /: note: rule ".*\/quiet" is never reached beside "default\/quiet"/,
        );
        assert.match(stdout.text, /^ok {2}all together: /m);
        const { ok, problems, notes } = await json(0, 'check', '--together', both, file);
        assert.deepEqual([ok, problems, notes.length], [true, [], 1]);
      }
    });

    it('is a usage error without a file', async () => {
      assert.equal((await json(2, 'check', folder.file('gone.json'))).ok, false);
      assert.equal(await policy('check', folder.file('gone.json')), 2);
      assert.match(stderr.text, /cannot read \S*gone\.json/);
      assert.equal(await policy('check', folder.path), 2);
    });
  });

  describe('test', () => {
    it('passes and fails, with positions and exit codes', async () => {
      folder.write('p.json', POLICY);
      folder.write('p.test.json', TESTS);
      assert.equal(await policy('test', folder.path), 0);
      assert.match(stdout.text, /^PASS {2}\S+p\.test\.json:4:15 a fast flow goes \(\d+ ms\)$/m);
      assert.match(stdout.text, /^1 passed, 0 failed, 0 errors$/m);
      folder.write('p.test.json', FAILING);
      assert.equal(await policy('test', folder.path), 1);
      assert.match(stdout.text, /^FAIL /m);
      assert.match(stdout.text, /^ {6}\S+p\.test\.json:\d+:\d+: flow "a" should be at "onload"/m);
      folder.write('p.test.json', '{}');
      assert.equal(await policy('test', folder.path), 1);
      assert.match(stdout.text, /^ERROR .*:1:1/m);
    });

    it('finds the tests of a policy, and accepts test files', async () => {
      const file = folder.write('p.json', POLICY);
      const tests = folder.write('p.test.json', TESTS);
      for (const path of [file, tests]) {
        const { passed } = await json(0, 'test', path);
        assert.equal(passed, 1);
      }
      const { passed } = await json(0, 'test', file, tests, folder.path);
      assert.equal(passed, 1, 'none is run twice');
    });

    it('prints JSON with every result and the coverage', async () => {
      folder.write('p.json', POLICY);
      folder.write('p.test.json', FAILING);
      const { ok, failed, results, coverage } = await json(1, 'test', folder.path, '--coverage');
      assert.equal(ok, false);
      assert.equal(failed, 1);
      assert.equal(results[0].verdict, 'fail');
      assert.equal(results[0].problems[0].line, results[0].line + 7);
      assert.equal(coverage.length, 3);
    });

    it('lists conditions that were never true or never false', async () => {
      folder.write('p.json', POLICY);
      folder.write('p.test.json', TESTS);
      assert.equal(await policy('test', folder.path, '--coverage'), 0);
      assert.match(stdout.text, /coverage: 1 of 3 conditions were both true and false \(33%\)/);
      assert.match(
        stdout.text,
        /p\.json:\d+:\d+: p\/slow: lastPacketsPerSecond lessThan 10 never true/,
      );
    });

    it('fails below --min-coverage, which implies --coverage', async () => {
      folder.write('p.json', POLICY);
      folder.write('p.test.json', TESTS);
      assert.equal(await policy('test', folder.path, '--min-coverage', '33'), 0);
      assert.match(stdout.text, /coverage: 1 of 3 conditions/);
      assert.equal(await policy('test', folder.path, '--min-coverage', '34'), 1);
      assert.match(stderr.text, /the coverage is 33%, and --min-coverage requires 34%/);
      const { ok, coveredPercent } = await json(1, 'test', folder.path, '--min-coverage', '34');
      assert.deepEqual([ok, coveredPercent], [false, 33]);
      assert.equal(await policy('test', folder.path, '--min-coverage', '101'), 2);
    });

    it('fails without tests only with --fail-on-empty', async () => {
      folder.write('p.json', POLICY);
      assert.equal(await policy('test', folder.path), 0);
      assert.equal(await policy('test', folder.path, '--fail-on-empty'), 1);
      assert.match(stderr.text, /there is no file NAME\.test\.json/);
      folder.write('p.test.json', TESTS);
      assert.equal(await policy('test', folder.path, '--fail-on-empty', '--run', 'slow'), 1);
      assert.match(stderr.text, /no test name matches \/slow\//);
      assert.equal(await policy('test', folder.path, '--run', '('), 2);
    });

    it('reports the failure without tests in JSON, too', async () => {
      const file = folder.write('p.json', POLICY);
      assert.equal((await json(0, 'test', file)).ok, true);
      const { ok, error } = await json(1, 'test', file, '--fail-on-empty');
      assert.equal(ok, false);
      assert.match(error, /no test ran: there is no file NAME\.test\.json/);
    });

    it('reports that there are no tests', async () => {
      assert.equal(await policy('test', folder.write('p.json', POLICY)), 0);
      assert.match(stdout.text, /^no test ran: there is no file NAME\.test\.json/m);
    });

    it('reports the position of a policy error in the policy, not in the tests', async () => {
      folder.write('p.json', JSON.stringify(POLICY, null, 2).replace('"equal"', '"equall"'));
      const tests = folder.write('p.test.json', TESTS);
      assert.equal(await policy('test', tests), 1);
      assert.match(stdout.text, /^ERROR \S+p\.test\.json:1:1 \(\d+ ms\)\n {6}\S+p\.json:12:\d+: /m);
      assert.match(stdout.text, /^0 passed, 0 failed, 1 error$/m);
      const { results } = await json(1, 'test', tests);
      const [{ file, line, column, problems }] = results;
      assert.deepEqual([file, line, column], [tests, 1, 1]);
      assert.equal(problems[0].line, 12);
    });

    it('prints JSON for a missing path', async () => {
      const { ok, error } = await json(2, 'test', folder.file('gone.json'));
      assert.equal(ok, false);
      assert.match(error, /cannot read \S*gone\.json/);
    });

    it('uses colours only on a terminal', async () => {
      folder.write('p.json', POLICY);
      folder.write('p.test.json', TESTS);
      await policy('test', folder.path);
      assert.ok(!stdout.text.includes('\u001B'));
      Object.assign(stdout, { colours: coloursOf(true) });
      await policy('test', folder.path);
      assert.ok(stdout.text.includes('\u001B[32mPASS'));
    });
  });

  describe('explain', () => {
    it('shows each condition with value and verdict, and the assumed facts', async () => {
      const file = folder.write('p.json', POLICY);
      assert.equal(await policy('explain', file, '--flow', 'packetsPerSecond=5000'), 0);
      assert.equal(
        stdout.text,
        [
          'Rule p/fast decides this flow: offload, score 5,000.',
          'assumed: placement="onload", lastPacketsPerSecond=5000',
          '',
          'no  rule p/slow (priority 20) requests onload',
          '  no  all of',
          '    no  placement equal "offload" (is "onload")',
          '    no  lastPacketsPerSecond lessThan 10 (is 5,000)',
          'yes rule p/fast (priority 10) requests offload',
          '  yes all of',
          '    yes lastPacketsPerSecond greaterThanInclusive 1,000 (is 5,000)',
          '',
        ].join('\n'),
      );
    });

    it('accepts JSON, units, members and missing facts', async () => {
      const rules = [
        { fact: 'bitsPerSecond', operator: 'equal', value: 1e9 },
        { fact: 'hostCpu', operator: 'equal', value: 0.4 },
        { fact: 'slice', operator: 'equal', value: 'gold' },
        {
          fact: 'portLoad',
          params: { port: 'eth1' },
          path: '$.txShare',
          operator: 'equal',
          value: 0.25,
        },
        { fact: 'outPorts', operator: 'contains', value: 'eth9' },
        { fact: 'tcpDst', operator: 'equal', value: null },
        { fact: 'quietMs', operator: 'equal', value: 3000 },
        { fact: 'offloadable', operator: 'equal', value: false },
      ].map((condition, i) => ({
        name: `r${i}`,
        conditions: { all: [condition] },
        event: { type: 'offload' },
      }));
      const file = folder.write('p.json', { ...POLICY, rules });
      const given = [
        'bitsPerSecond=1Gbit/s',
        'hostCpu=40%',
        '{"slice": "gold", "outPorts": ["eth9"]}',
        'portLoad(eth1).txShare=25%',
        'tcpDst=null',
        'quietMs=3s',
        'offloadable=false',
      ];
      const answer = await json(0, 'explain', file, '--flow', ...given);
      const verdicts = answer.rules.map((r: { verdict: boolean }) => r.verdict);
      assert.deepEqual(
        verdicts,
        rules.map(() => true),
      );
      assert.equal(answer.rule, 'p/r0');
      assert.deepEqual(answer.assumed, {});
    });

    it('evaluates node rules first, on the given facts of the node', async () => {
      const bound = { fact: 'packetsPerSecond', operator: 'greaterThan', value: { fact: 'from' } };
      const file = folder.write('p.json', {
        ...POLICY,
        facts: { from: { type: 'number', unit: 'packet/s', initial: 1000 } },
        rules: [
          {
            name: 'relax',
            scope: 'node',
            conditions: { all: [{ fact: 'hostCpu', operator: 'greaterThan', value: '50%' }] },
            event: { type: 'set-fact', params: { fact: 'from', value: 100 } },
          },
          { name: 'busy', conditions: { all: [bound] }, event: { type: 'offload' } },
        ],
      });
      const flow = 'packetsPerSecond=500';
      assert.equal(await policy('explain', file, '--flow', flow, 'hostCpu=90%'), 0);
      assert.match(stdout.text, /^Rule p\/busy decides/);
      assert.match(stdout.text, /yes packetsPerSecond greaterThan 100 \(is 500\)/);
      assert.match(
        stdout.text,
        /^yes node rule p\/relax \(priority 1\) sets p\/from to 100\n {2}yes all/m,
      );
      const calm = await json(0, 'explain', file, '--flow', flow, 'hostCpu=10%');
      assert.deepEqual([calm.rule, calm.nodeRules[0].verdict], [null, false]);
      const given = await json(0, 'explain', file, '--flow', flow, 'hostCpu=90%', 'p/from=700');
      assert.equal(given.rule, null);
    });

    const wrong: readonly [string, RegExp][] = [
      ['packetPerSecond=1', /unknown fact "packetPerSecond"; did you mean "packetsPerSecond"/],
      ['packetsPerSecond=fast', /"fast" is not a number of packet\/s/],
      ['packetsPerSecond', /is not FACT=VALUE/],
      ['placement=nic', /"placement" is one of "onload", "offload", "fast-path"/],
      ['offloadable=1', /true or false/],
      ['portLoad=1', /given as portLoad\(PORT\)\.rxBitsPerSecond=VALUE/],
      ['portLoad(eth1).speed=1', /no member "speed"/],
      ['tcpDst=99999', /"tcpDst" cannot be 99999/],
      ['{"a":', /is not valid JSON/],
    ];
    for (const [given, message] of wrong) {
      it(`refuses ${given}`, async () => {
        const file = folder.write('p.json', POLICY);
        assert.equal(await policy('explain', file, '--flow', given), 2);
        assert.match(stderr.text, message);
      });
    }

    it('reports that no rule decides, and refuses invalid policies', async () => {
      const file = folder.write('p.json', POLICY);
      assert.equal(await policy('explain', file, '--flow', 'tcpDst=443'), 0);
      assert.match(stdout.text, /^No rule applies to this flow: it stays where it is\.$/m);
      folder.write('p.json', '{}');
      assert.equal(await policy('explain', file, '--flow', 'tcpDst=443'), 1);
      assert.match(stderr.text, /p\.json:1:1/);
    });

    it('marks shadow rules, which do not decide', async () => {
      const file = folder.write('p.json', { ...POLICY, mode: 'shadow' });
      assert.equal(await policy('explain', file, '--flow', 'packetsPerSecond=5000'), 0);
      assert.match(stdout.text, /^No rule applies/);
      assert.match(stdout.text, /^yes rule p\/fast .*\(shadow: moves nothing\)$/m);
    });
  });

  describe('facts', () => {
    it('lists all facts, one fact, or those that contain a word', async () => {
      const { facts } = await json(0, 'facts');
      assert.equal(facts.length, FACTS.length);
      assert.equal(await policy('facts', 'packetsPerSecond'), 0);
      assert.match(stdout.text, /^packetsPerSecond: .*\n(.*\n)*.*packet\/s/);
      assert.equal(await policy('facts', 'MAC'), 0);
      assert.match(stdout.text, /^ethSrc /m);
      assert.equal(await policy('facts', 'packetPerSecond'), 2);
      assert.match(stderr.text, /did you mean "packetsPerSecond"/);
    });

    it('lists operators', async () => {
      const { operators } = await json(0, 'facts', '--operators');
      assert.ok(operators.some((o: { name: string }) => o.name === 'greaterThan'));
      assert.equal(await policy('facts', '--operators', 'contains'), 0);
      assert.match(stdout.text, /^contains /m);
    });
  });

  describe('facts on a terminal', () => {
    for (const [columns, ...argv] of [[100], [80], [100, '--operators'], [80, '--operators']]) {
      it(`cuts nothing at ${columns} columns ${argv.join()}`, async () => {
        stdout.interactive = true;
        stdout.columns = Number(columns);
        assert.equal(await policy('facts', ...argv.map(String)), 0);
        assert.doesNotMatch(stdout.text, /…/);
        const longest = Math.max(...stdout.text.split('\n').map((line) => line.length));
        assert.ok(longest <= Number(columns), String(longest));
        const words = stdout.text.replaceAll(/\s+/g, ' ');
        assert.match(words, argv.length === 0 ? / "month": 11 \}/ : /one of a list of subnets\./);
      });
    }

    it('names types like the guide, and prints one line per fact without a terminal', async () => {
      assert.equal(await policy('facts', '--operators'), 0);
      assert.match(stdout.text, /^contains +lists +Is a list that contains the value\.$/m);
      assert.match(stdout.text, /^equal +numbers, strings, booleans +Is equal/m);
      assert.equal(await policy('facts'), 0);
      assert.equal(stdout.text.trimEnd().split('\n').length, FACTS.length + 1);
    });
  });

  describe('diff', () => {
    it('reports errors in JSON', async () => {
      const good = folder.write('p.json', POLICY);
      const bad = folder.write('q.json', '{}');
      const mistakes = await json(1, 'diff', good, bad);
      assert.equal(mistakes.ok, false);
      assert.equal(mistakes.problems[0].file, bad);
      const gone = await json(2, 'diff', good, folder.file('gone.json'));
      assert.match(gone.error, /cannot read \S*gone\.json/);
      const tick = await json(2, 'diff', good, good, '--tick', bad);
      assert.equal(tick.ok, false);
      assert.ok((await json(1, 'explain', bad, '--flow', 'tcpDst=1')).problems.length > 0);
    });

    it('shows its default time with a unit', async () => {
      assert.equal(await policy('diff', '--help'), 0);
      assert.match(stdout.text.replaceAll(/\s+/g, ' '), /has been in force \(default: 30s\)/);
    });

    it('finds no difference between a policy and itself, and some between two', async function () {
      this.timeout(60_000);
      const file = folder.write('p.json', POLICY);
      const options = ['--for', '2s', '--load', '0.1'];
      const same = await json(0, 'diff', file, file, ...options);
      assert.deepEqual(same.changed, []);
      assert.ok(same.flows > 100);
      const rules = [POLICY.rules[0], { ...POLICY.rules[1], event: { type: 'fast-path' } }];
      const other = folder.write('q.json', { ...POLICY, rules });
      const diff = await json(0, 'diff', file, other, ...options);
      assert.equal(diff.flows, same.flows, 'the same seed gives the same tick');
      assert.equal(diff.changed.length, diff.requests.before.offload);
      assert.ok(diff.changed.length > 0);
      assert.deepEqual(
        [
          diff.changed[0].before.requested,
          diff.changed[0].after.requested,
          diff.changed[0].after.rule,
        ],
        ['offload', 'fast-path', 'p/fast'],
      );
      assert.equal(await policy('diff', file, other, ...options, '--limit', '3'), 0);
      assert.match(
        stdout.text,
        /^\d+ of \d+ flows \([\d.]+%\) have a different requested placement$/m,
      );
      assert.match(stdout.text, /offload \(p\/fast\) +fast-path \(p\/fast\)/);
    });

    it('treats a shadow policy as enforced', async function () {
      this.timeout(60_000);
      const file = folder.write('p.json', POLICY);
      const shadow = folder.write('q.json', { ...POLICY, mode: 'shadow' });
      const { changed } = await json(0, 'diff', file, shadow, '--for', '1s', '--load', '0.05');
      assert.deepEqual(changed, []);
    });

    it('compares on a recorded tick', async () => {
      const flows = [
        flowOf({ packetsPerSecond: 5000 }),
        flowOf({
          id: '5b1f0c7e-0000-4000-8000-000000000002',
          placement: 'onload',
          packetsPerSecond: 500,
          match: 'in_port=vm1,recirc_id(0x1,0x2),udp6,ipv6_src=fd00::/8,udp_dst=53/0xff',
        }),
      ];
      const tick = { status: statusOf(), page: { total: 2, matching: 2, flows } };
      const recorded = folder.write('tick.json', `${JSON.stringify(tick)}\n`);
      const file = folder.write('p.json', POLICY);
      const all = { ...POLICY.rules[1].conditions.all[0], value: 100 };
      const rules = [POLICY.rules[0], { ...POLICY.rules[1], conditions: { all: [all] } }];
      const other = folder.write('q.json', { ...POLICY, rules });
      const { flows: n, changed } = await json(0, 'diff', file, other, '--tick', recorded);
      assert.equal(n, 2);
      assert.deepEqual(
        changed.map((c: { id: string }) => c.id),
        [flows[1].id],
      );
    });

    it('refuses a file that is not a recorded tick', async () => {
      const file = folder.write('p.json', POLICY);
      for (const text of ['{}', 'x', '[]']) {
        const tick = folder.write('tick.json', text);
        assert.equal(await policy('diff', file, file, '--tick', tick), 2, text);
      }
      assert.equal(await policy('diff', file, file, '--tick', folder.file('gone')), 2);
      assert.match(stderr.text, /ENOENT/);
    });
  });

  describe('init', () => {
    it('writes a policy whose tests pass and cover it', async () => {
      assert.equal(await policy('init', folder.file('mine')), 0);
      assert.equal(await policy('check', folder.path), 0);
      assert.equal(await policy('test', folder.path, '--coverage', '--fail-on-empty'), 0);
      assert.match(stdout.text, /\(100%\)/);
      const { $schema } = JSON.parse(readFileSync(folder.file('mine.json'), 'utf8'));
      assert.ok(existsSync(join(folder.path, $schema)), $schema);
    });

    it('lists the files in JSON', async () => {
      const [own, tests] = [folder.file('mine.json'), folder.file('mine.test.json')];
      assert.deepEqual(await json(0, 'init', own), { files: [own, tests] });
      assert.equal(existsSync(tests), true);
      assert.match((await json(2, 'init', own)).error, /mine\.json already exists/);
    });

    it('does not overwrite files, and refuses invalid names', async () => {
      const file = folder.write('mine.json', 'precious');
      assert.equal(await policy('init', file), 2);
      assert.equal(readFileSync(file, 'utf8'), 'precious');
      assert.equal(await policy('init', folder.file('my policy')), 2);
      assert.equal(await policy('init', folder.file('no/such/folder')), 1);
    });
  });

  describe('status', () => {
    it('shows the policies in force, and why newer files are not', async () => {
      assert.equal(await policy('status'), 3);
      const view = new FakeView();
      const service = await startControlServer(
        folder.file('control.sock'),
        view,
        recordingLog().log,
      );
      try {
        assert.equal(await policy('status'), 0);
        assert.match(stdout.text, /^default +1\.0\.0 +abcdef012345 +enforce +5 /m);
        assert.match(stdout.text, /files are watched/);
        const { policies } = view.state;
        const lastReload = { at: '2026-01-02T00:00:00.000Z', result: 'invalid' };
        const problems = ['p.json:3:7: unknown operator'];
        view.state = statusOf({ policies: { ...policies, lastReload, problems } });
        assert.equal(await policy('status'), 1);
        assert.match(
          stdout.text,
          /last reload 2026-01-02T00:00:00\.000Z: invalid\nrefused because of:\n {2}p\.json:3:7/,
        );
        const { inForce } = await json(1, 'status');
        assert.equal(inForce[0].name, 'default');
      } finally {
        await service.close();
      }
    });
  });

  it('tests the shipped policies', async function () {
    this.timeout(60_000);
    const shipped = join(packageRoot(), 'policies');
    assert.equal(await policy('check', shipped), 0);
    assert.equal(await policy('test', shipped, '--fail-on-empty'), 0, stdout.text);
  });
});
