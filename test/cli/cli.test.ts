import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CliContext } from '../../cli/support/context.ts';
import { runProgram } from '../../cli/program.ts';
import { type ControlService, startControlServer } from '../../server/control/control-server.ts';
import { packageRoot, packageVersion } from '../../platform/package-root.ts';
import { FakeView, flowOf, influxOf, statusOf, throughputOf } from '../support/fake-view.ts';
import { recordingLog } from '../support/quiet-log.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { TestTerminal } from '../support/test-terminal.ts';
import { eventually } from '../support/eventually.ts';

describe('command line', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let socket: string;
  let view: FakeView;
  let service: ControlService;
  let stdout: TestTerminal;
  let stderr: TestTerminal;

  beforeEach(async () => {
    folder = temporaryFolder();
    socket = join(folder.path, 'control.sock');
    view = new FakeView();
    service = await startControlServer(socket, view, recordingLog().log);
    stdout = new TestTerminal();
    stderr = new TestTerminal();
  });

  afterEach(async () => {
    await service.close();
    folder.remove();
  });

  /** Runs a command line against the fake daemon; resolves to its exit code. */
  function norikae(...argv: string[]): Promise<number> {
    return norikaeIn({ NORIKAE_CONTROL: socket }, ...argv);
  }

  function norikaeIn(env: NodeJS.ProcessEnv, ...argv: string[]): Promise<number> {
    const context: CliContext = {
      stdout,
      stderr,
      env,
      loadDaemon: () => Promise.reject(new Error('this test runs no daemon')),
      exit: () => {},
      now: () => performance.now(),
    };
    return runProgram(context, argv);
  }

  /** The result of `status --check --json`, whose code is that of the command. */
  async function checked(): Promise<{ state: unknown; code: unknown; causes: unknown }> {
    stdout.text = '';
    const exitCode = await norikae('status', '--check', '--json');
    const { state, code, causes } = JSON.parse(stdout.text);
    assert.equal(code, exitCode);
    return { state, code, causes };
  }

  it('flows: lists flows and their number', async () => {
    view.page = { total: 3626, matching: 40, flows: [flowOf()] };
    assert.equal(await norikae('flows', '--limit', '1'), 0);
    assert.match(stdout.text, /^FLOW .*MATCH -> ACTIONS$/m);
    assert.match(stdout.text, /^5b1f0c7e-\S+ {2}offload {2}1\.50 Gbit\/s .* -> output uplink0$/m);
    assert.match(stdout.text, /^40 of 3626 flows \(1 shown; --limit 40 for all\)$/m);
  });

  it('flows: suggests no limit that it would refuse', async () => {
    view.page = { total: 20_000, matching: 10_001, flows: [flowOf()] };
    assert.equal(await norikae('flows'), 0);
    assert.match(stdout.text, /^10001 of 20000 flows \(1 shown; the limit is 10000; /m);
    stdout.text = '';
    view.page = { total: 20_000, matching: 10_000, flows: [flowOf()] };
    assert.equal(await norikae('flows'), 0);
    assert.match(stdout.text, /--limit 10000 for all\)$/m);
  });

  it('flows: passes on words and options', async () => {
    const options = ['--sort', 'bytes', '--placement', 'onload', '--slice', 'red', '--port', 'vm1'];
    assert.equal(await norikae('flows', 'tcp', 'table-full', ...options), 0);
    assert.deepEqual(view.queries, [
      {
        sort: 'bytes',
        limit: 20,
        placement: 'onload',
        slice: 'red',
        port: 'vm1',
        words: ['tcp', 'table-full'],
      },
    ]);
  });

  it('why: prints a report, or a hint when there is no such flow', async () => {
    assert.equal(await norikae('why', '5b1f'), 0);
    assert.match(stdout.text, /^The flow is on the NIC \(offload\)/);
    view.answer = { found: false, candidates: [] };
    assert.equal(await norikae('why', 'zz'), 4);
    assert.match(stderr.text, /there is no flow zz; it may have ended/);
    view.answer = { found: false, candidates: ['5b1f0000', '5b1f0001'] };
    assert.equal(await norikae('why', '5b1f'), 4);
    assert.match(stderr.text, /several flows begin with 5b1f:\n {2}5b1f0000\n {2}5b1f0001/);
  });

  it('onload-all, resume, reload, status: print their result', async () => {
    assert.equal(await norikae('onload-all'), 0);
    assert.equal(await norikae('resume'), 0);
    assert.equal(await norikae('reload'), 0);
    assert.equal(await norikae('status'), 0);
    assert.match(stdout.text, /512 entries removed; every flow is held on the vSwitch/);
    assert.match(stdout.text, /the hold has ended/);
    assert.match(stdout.text, /5 rules are in force/);
    assert.match(stdout.text, /^vm1 +vm +red +tcx +1\.00 Gbit\/s +2\.00 Gbit\/s +10\.0 Gbit\/s$/m);
    assert.deepEqual(view.asked, ['onload-all', 'resume', 'reload', 'status']);
  });

  it('status: shows the age of the oldest verification, and the samples', async () => {
    assert.equal(await norikae('status'), 0);
    assert.match(stdout.text, / · tick 480, 8 ms every 250 ms · entries verified 180 ms ago · /);
    assert.match(
      stdout.text,
      /^samples +1,200 entries correct, 0 wrong and removed, 3 not comparable$/m,
    );
  });

  it('status: shows the hook of each port, and why it was chosen', async () => {
    assert.equal(await norikae('status'), 0);
    assert.match(stdout.text, /^hooks +tcx at 1 port: it has the kernel datapath$/m);
    assert.match(stdout.text, /^PORT +KIND +SLICE +HOOK .*\nvm1 +vm +red +tcx /m);
  });

  it('status: shows whether the watchdog of rules in hardware runs, and what it has removed', async () => {
    const { backend } = statusOf();
    assert.ok(backend !== null);
    const watchdog = {
      alive: true,
      pid: 812,
      readAgeMs: 12,
      leaseLeftMs: 1_480,
      removedEntries: 3,
    };
    view.state = statusOf({ backend: { ...backend, watchdog } });
    assert.equal(await norikae('status'), 0);
    assert.match(
      stdout.text,
      /^ +watchdog runs \(pid 812\), read the lease 12 ms ago; the lease lapses in 1\.5 s if not renewed; entries removed after lapses: 3$/m,
    );
    const dead = { alive: false, pid: null, readAgeMs: null, leaseLeftMs: 0, removedEntries: 3 };
    view.state = statusOf({ backend: { ...backend, watchdog: dead } });
    stdout.text = '';
    assert.equal(await norikae('status'), 0);
    assert.match(
      stdout.text,
      /^ +watchdog does not run, so the lease is not renewed; the lease has lapsed; /m,
    );
  });

  it('status: shows what virtual functions carry', async () => {
    const { backend } = statusOf();
    assert.ok(backend !== null);
    const virtualFunctions = [
      { port: 'vm1', vf: 0, open: true, flows: 2 },
      { port: 'vm2', vf: 1, open: false, flows: 0 },
    ];
    view.state = statusOf({ backend: { ...backend, virtualFunctions } });
    assert.equal(await norikae('status'), 0);
    assert.match(stdout.text, /^ +VF 0 of vm1 carries 2 flows; its guest may send by it$/m);
    assert.match(stdout.text, /^ +VF 1 of vm2 carries no flows$/m);
  });

  it('status: shows slices and guarantees, values of the planner, and nearly full ports', async () => {
    assert.equal(await norikae('status'), 0);
    assert.match(
      stdout.text,
      /^ +512 of 512 entries, lease 2\.0 s, heartbeat 1\.0 s\n +threshold 12 packets\/s, a swap must gain 340 packets\/s; budget 40 operations$/m,
    );
    assert.match(stdout.text, /^red +412 +420 +128 +512 +900 +1 +6\.00 Gbit\/s +emulated-nic$/m);
    assert.match(stdout.text, /^\(others\) +100 +92 +0 +512 +100 +1 +1\.20 Gbit\/s/m);
    assert.doesNotMatch(stdout.text, /expected of placed flows/);
    const { backend } = statusOf();
    assert.ok(backend !== null);
    const limits = [throughputOf(), throughputOf({ name: 'p1 send', expectedBitsPerSecond: 1e9 })];
    const found = { learnedEntries: 490, swapGain: null, limits };
    view.state = statusOf({ backend: { ...backend, ...found } });
    stdout.text = '';
    assert.equal(await norikae('status'), 0);
    assert.match(stdout.text, /table 512 of 490 entries that fit \(512 declared\), 3 masks/);
    assert.match(
      stdout.text,
      /threshold 12 packets\/s, no swap gains enough; budget 40 operations/,
    );
    assert.match(
      stdout.text,
      /^ +p0 send: placed flows are expected to send 9\.20 Gbit\/s of 10\.0 Gbit\/s$/m,
    );
    assert.doesNotMatch(stdout.text, /p1 send/);
  });

  it('status --check: prints one line, and exits as monitoring plugins do', async () => {
    assert.equal(await norikae('status', '--check'), 0);
    assert.match(stdout.text, /^OK: [\d,]+ flows?, \d+ off the vSwitch\n$/);
    assert.deepEqual(await checked(), { state: 'ok', code: 0, causes: [] });

    const { backends, tick, policies, sources } = statusOf();
    view.state = statusOf({ backends: backends.map((b) => ({ ...b, error: 'no device' })) });
    const failing = {
      state: 'degraded',
      code: 1,
      causes: [`backend ${backends[0].name} fails: no device`],
    };
    assert.deepEqual(await checked(), failing);
    view.state = statusOf({ held: true });
    assert.equal((await checked()).code, 1);
    view.state = statusOf({
      policies: { ...policies, problems: ['p.json:3:7: unknown operator'] },
    });
    assert.equal((await checked()).code, 1);
    const stale = sources.map((source) => ({ ...source, fresh: false, error: 'no answer' }));
    view.state = statusOf({ tick: { ...tick, fresh: false }, sources: stale });
    assert.equal((await checked()).code, 1);
    view.state = statusOf({ tick: { ...tick, ageMs: 60_000 } });
    const hung = { state: 'critical', code: 2, causes: ['the last tick is 60000 ms old'] };
    assert.deepEqual(await checked(), hung);
    await service.close();
    const { state, code, causes } = await checked();
    assert.deepEqual([state, code], ['critical', 2]);
    assert.match(String(causes), /no daemon answers/);
    assert.equal(stderr.text, '');
  });

  it('status: shows the state of InfluxDB, if configured', async () => {
    assert.equal(await norikae('status'), 0);
    assert.doesNotMatch(stdout.text, /influx/i);
    view.state = statusOf({ influx: influxOf() });
    assert.equal(await norikae('status'), 0);
    assert.match(
      stdout.text,
      /^influx +norikae at http:\/\/127\.0\.0\.1:8086: last write 2026-01-01T00:00:00\.000Z\n +12,345 points written, 80 queued \(16\.0 kB\), 4 dropped$/m,
    );
  });

  it('status: shows the state of the collector of decisions, if configured', async () => {
    view.state = statusOf({
      collector: {
        url: 'https://logs.example.net/',
        written: 1_234,
        queuedDecisions: 5,
        dropped: { queue: 3, refused: 1, end: 0 },
        failures: 2,
        lastSuccess: null,
        error: 'no answer within 10000 ms',
      },
    });
    assert.equal(await norikae('status'), 0);
    assert.match(
      stdout.text,
      /^collector https:\/\/logs\.example\.net\/: nothing sent yet\n +1,234 decisions accepted, 5 queued, 4 dropped$/m,
    );
    assert.match(stdout.text, /collector: no answer within 10000 ms; 5 decisions queued/);
  });

  it('reload: exits 2 with the problems when it fails', async () => {
    const problem = 'p.json:3:7: unknown operator "near"';
    view.reloaded = { ok: false, problems: [problem] };
    const last = 'norikae: the last valid policies stay in force\n';
    assert.equal(await norikae('reload'), 2);
    assert.equal(stderr.text, `${problem}\n${last}`);
    stderr.text = '';
    assert.equal(await norikae('reload', '--json'), 2);
    assert.equal(stderr.text, last);
    assert.deepEqual(JSON.parse(stdout.text).problems, [problem]);
  });

  it('status: wraps on a narrow terminal, and cuts no number', async () => {
    stdout.interactive = true;
    stdout.columns = 80;
    assert.equal(await norikae('status'), 0);
    const lines = stdout.text.split('\n').slice(1, 5);
    assert.deepEqual(lines, [
      'up 2 min 5 s · tick 480, 8 ms every 250 ms · entries verified 180 ms ago',
      'host CPU 23.4 % · 3,512 flows',
      'vSwitch 1.20 Gbit/s in 3,000 flows · NIC 6.00 Gbit/s in 512 flows',
      'table 512 of 512 entries, 3 masks',
    ]);
    assert.match(stdout.text, /^red +412 +420 +128 +512 +900 +1 +6\.00 Gbit\/s {2}emu…$/m);
  });

  it('top: prints one snapshot to a pipe, and redraws on a terminal until the daemon exits', async () => {
    assert.equal(await norikae('top'), 0);
    assert.match(stdout.text, /^norikae {2}emulated node\n/);
    stdout.text = '';
    stdout.interactive = true;
    const ended = norikae('top');
    await eventually(
      'the table is drawn',
      () => view.listeners.size === 1 && stdout.text.includes('FLOW'),
    );
    view.tick();
    await eventually('what is below the table is wiped', () => stdout.text.includes('\u001B[J'));
    await service.close();
    assert.equal(await ended, 3);
    assert.ok(stdout.text.endsWith('\u001B[?25h'));
    assert.match(stderr.text, /the daemon exited/);
  });

  it('top --json: prints an object per tick', async () => {
    const ended = norikae('top', '--json');
    await eventually('a listener', () => view.listeners.size === 1);
    view.tick();
    await eventually('three lines', () => stdout.text.split('\n').length === 3);
    await service.close();
    await ended;
    for (const line of stdout.text.trim().split('\n')) {
      assert.deepEqual(Object.keys(JSON.parse(line)), ['status', 'page']);
    }
  });

  const questions: [string[], string][] = [
    [['flows'], 'flows'],
    [['why', '5b1f'], 'why'],
    [['status'], 'tick'],
    [['onload-all'], 'withdrawn'],
    [['resume'], 'held'],
    [['reload'], 'ok'],
    [['top', '--once'], 'status'],
    [['version'], 'version'],
  ];
  for (const [argv, key] of questions) {
    it(`${argv.join(' ')} --json: one object`, async () => {
      assert.equal(await norikae(...argv, '--json'), 0);
      const answer: unknown = JSON.parse(stdout.text);
      assert.ok(typeof answer === 'object' && answer !== null && key in answer);
    });
  }

  it('explains how to find the daemon when none answers', async () => {
    const nowhere = join(folder.path, 'nobody.sock');
    assert.equal(await norikae('status', '--control', nowhere), 3);
    assert.match(stderr.text, /no daemon answers on .*nobody\.sock\. Is it running\?/);
  });

  it('looks for the daemon in the default locations', async () => {
    assert.equal(await norikaeIn({ RUNTIME_DIRECTORY: folder.path }, 'status'), 0);
  });

  it('check-config: reports success, or every error in configuration and policies', async () => {
    assert.equal(await norikae('check-config', join(packageRoot(), 'config/emulated.json')), 0);
    assert.match(stdout.text, /emulated\.json and its policies are valid/);
    const file = join(folder.path, 'norikae.json');
    writeFileSync(file, '{"node": {"adapter": "ovs"}, "policies": ["gone.json"]}');
    assert.equal(await norikae('check-config', file), 2);
    const gone = `${join(folder.path, 'gone.json')}:1:1: cannot be read: ENOENT`;
    assert.equal(stderr.text, `${gone}: no such file or directory\nnorikae: 1 problem\n`);
    stdout.text = '';
    writeFileSync(file, '{"node": {"adapter": "ovs"}, "policies": [], "onExit": "leave"}');
    assert.equal(await norikae('check-config', file, '--json'), 2);
    const answer = JSON.parse(stdout.text);
    assert.equal(answer.ok, false);
    assert.equal(answer.problems.length, 2);
    stderr.text = '';
    const none = join(folder.path, 'none.json');
    assert.equal(await norikae('check-config', none), 2);
    const why = 'cannot be read: ENOENT: no such file or directory';
    assert.equal(stderr.text, `${none}:1:1: ${why}\nnorikae: 1 problem\n`);
    stderr.text = '';
    assert.equal(await norikae('run', '--config', none), 2);
    assert.equal(stderr.text.split(none).length, 2, 'it is named once');
  });

  it('doctor: prints every check with what to do, also where there is no Open vSwitch', async () => {
    const file = join(folder.path, 'norikae.json');
    const policies = [join(packageRoot(), 'policies/default.json')];
    const ovs = { runDir: folder.path, database: join(folder.path, 'db.sock') };
    writeFileSync(file, JSON.stringify({ node: { adapter: 'ovs', ovs }, policies }));
    assert.equal(await norikae('doctor', '--json', '--config', file), 1);
    const { checks } = JSON.parse(stdout.text);
    const byName = new Map<string, { ok: boolean; found: string; remedy: string }>();
    for (const { name, ...check } of checks) byName.set(name, check);
    assert.deepEqual(byName.get('configuration'), {
      ok: true,
      found: `${file}, backend "auto"`,
      remedy: '',
    });
    assert.match(byName.get('daemon')?.found ?? '', /^version /);
    assert.equal(byName.get('ovs-vswitchd')?.ok, false);
    assert.match(byName.get('OVSDB')?.remedy ?? '', /^start Open vSwitch/);
    stdout.text = '';
    assert.equal(await norikae('doctor', '--config', file), 1);
    assert.match(stdout.text, /^FAIL +OVSDB +cannot connect to OVSDB .*\n +-> start Open vSwitch/m);
    assert.match(stdout.text, /^\d+ checks of \d+ failed$/m);
    stdout.text = '';
    writeFileSync(file, '{"node": {"adapter": "ovs"}, "policies": ["gone.json"]}');
    assert.equal(await norikae('doctor', '--config', file), 1);
    assert.match(stdout.text, /^FAIL +configuration +.*gone\.json/m);
  });

  it('has help with examples', async () => {
    assert.equal(await norikae('--help'), 0);
    assert.match(stdout.text, /Exit codes:[^]*Examples:/);
    for (const command of [
      'run',
      'check-config',
      'doctor',
      'top',
      'flows',
      'why',
      'onload-all',
      'reload',
    ]) {
      stdout.text = '';
      assert.equal(await norikae(command, '--help'), 0);
      assert.ok(stdout.text.length > 300, command);
    }
    stdout.text = '';
    assert.equal(await norikae('--version'), 0);
    assert.equal(stdout.text.trim(), packageVersion());
  });

  it('exits 2 with a hint on a usage error', async () => {
    assert.equal(await norikae('flow'), 2);
    assert.match(stderr.text, /norikae: unknown command 'flow'\n\(Did you mean flows\?\)/);
    assert.equal(await norikae('flows', '--sort', 'speed'), 2);
    assert.match(stderr.text, /Allowed choices are rate, packets, bytes, age, idle, score/);
    assert.equal(await norikae('flows', '--limit', '0'), 2);
    assert.equal(await norikae('why'), 2);
    assert.equal(await norikae('run'), 2);
    assert.equal(await norikae(), 2);
  });
});
