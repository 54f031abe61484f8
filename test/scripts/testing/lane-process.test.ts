import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../../platform/package-root.ts';
import { type LaneEnd, LaneProcess } from '../../../scripts/testing/lane-process.mjs';
import { eventually } from '../../support/eventually.ts';

/** Bodies of test files, by the name of the lane that runs them. */
const BODIES = {
  good: "it('passes', () => {}); it('is skipped'); it('passes, too', () => console.log('said'));",
  bad: "it('fails', () => { throw new Error('broken') });",
  unready: "before(() => { throw new Error('not ready') }); it('passes', () => {});",
  dead: "it('passes', () => {}); it('ends it', () => process.exit(7));",
  killed: "it('kills it', () => process.kill(process.pid, 'SIGKILL'));",
  late: "after(() => void setTimeout(() => process.kill(process.pid, 'SIGABRT'), 200)); it('passes', () => {});",
  lingering: "after(() => void setInterval(() => {}, 1e3)); it('passes', () => {});",
  hung: "it('hangs', function () { this.timeout(0); return new Promise(() => setInterval(() => {}, 1e3)); });",
} as const;

describe('lane', function () {
  this.timeout(20_000);
  let root = '';

  before(() => {
    root = mkdtempSync(join(tmpdir(), 'norikae-lanes-'));
    mkdirSync(join(root, 'dist', 'test'), { recursive: true });
    for (const name of ['node_modules', 'scripts']) {
      symlinkSync(join(packageRoot(), name), join(root, name));
    }
    writeFileSync(join(root, 'package.json'), '{"type":"module"}');
    for (const [name, body] of Object.entries(BODIES)) {
      writeFileSync(
        join(root, 'dist', 'test', `${name}.test.js`),
        `describe('a', () => {${body}});`,
      );
    }
  });

  after(() => rmSync(root, { recursive: true, force: true }));

  function start(
    name: keyof typeof BODIES,
    given: { options?: readonly string[]; live?: boolean; silenceMs?: number } = {},
  ) {
    const printed: string[] = [];
    const settings = {
      root,
      options: [],
      print: (text: string) => void printed.push(text),
      live: false,
      ...given,
    };
    return { printed, lane: new LaneProcess({ name, files: [`test/${name}.test.ts`] }, settings) };
  }

  it('on a kernel of the lab starts the program that boots it', async () => {
    const folder = join(root, 'dist', 'lab', 'kernel', 'lane');
    mkdirSync(folder, { recursive: true });
    const boot = `process.send({ passed: 1, failed: 0, skipped: 0, reasons: [], elapsedMs: [], failures: '' });
      console.log(process.argv.slice(2).join(' '));
      process.disconnect();`;
    writeFileSync(join(folder, 'on-host.js'), boot);
    const printed: string[] = [];
    const lane = new LaneProcess(
      { name: 'kernel', files: ['test/good.test.ts'], kernel: 'release' },
      { root, options: ['-g', 'x'], print: (text) => void printed.push(text), live: true },
    );
    assert.deepEqual(countsOf(await lane.ended), [1, 0, 0]);
    assert.match(
      printed.join(''),
      /^release \S+mocha\.js --reporter \S+reporter\.mjs --no-color -g x dist\/test\/good\.test\.js\n$/,
    );
  });

  function countsOf({ result }: LaneEnd) {
    return [result?.passed, result?.failed, result?.skipped];
  }

  it('reports its results, and prints the output of its tests', async () => {
    const { printed, lane } = start('good');
    const end = await lane.ended;
    assert.deepEqual(countsOf(end), [2, 0, 1]);
    assert.deepEqual(end.result?.reasons, [['a › is skipped', 1]]);
    const file = join('dist', 'test', 'good.test.js');
    assert.deepEqual(end.result?.files, [{ file, passed: 2, failed: 0, skipped: 1 }]);
    assert.equal(end.trouble, undefined);
    assert.match(printed[0], /✔ passes\n.*- is skipped\nsaid\n.*✔ passes, too/s);
  });

  it('prints without colours to a file, also where the environment says CI', async () => {
    const before = process.env.CI;
    process.env.CI = 'true';
    try {
      const { printed, lane } = start('good');
      await lane.ended;
      assert.match(printed[0], /^ +✔ passes$/m);
    } finally {
      if (before === undefined) delete process.env.CI;
      else process.env.CI = before;
    }
  });

  it('reports a failed test', async () => {
    const end = await start('bad').lane.ended;
    assert.deepEqual(countsOf(end), [0, 1, 0]);
    assert.match(end.result?.failures ?? '', /1\) a\n\s+fails:\n\s+Error: broken/);
    assert.equal(end.trouble, undefined);
  });

  it('counts a failed hook with its file', async () => {
    const end = await start('unready').lane.ended;
    const file = join('dist', 'test', 'unready.test.js');
    assert.deepEqual(end.result?.files, [{ file, passed: 0, failed: 1, skipped: 0 }]);
  });

  it('fails when its process ends before its tests', async () => {
    const ends = await Promise.all([start('dead').lane.ended, start('killed').lane.ended]);
    assert.deepEqual(
      ends.map(({ result, trouble }) => [result, trouble]),
      [
        [undefined, 'ended with exit code 7 before its tests'],
        [undefined, 'was ended by SIGKILL before its tests'],
      ],
    );
  });

  it('fails when its process fails although no test failed', async () => {
    const end = await start('late').lane.ended;
    assert.deepEqual(countsOf(end), [1, 0, 0]);
    assert.equal(end.trouble, 'was ended by SIGABRT, although no test failed');
  });

  it('fails when its process does not exit', async () => {
    const { printed, lane } = start('lingering', {
      options: ['--reporter-option', 'lingerMs=200'],
    });
    const end = await lane.ended;
    assert.deepEqual(countsOf(end), [1, 0, 0]);
    assert.equal(end.trouble, 'ended with exit code 1, although no test failed');
    assert.match(printed.join(''), /the process does not exit; still active: .*Timeout/);
  });

  it('is stopped when it hangs', async () => {
    const { trouble } = await start('hung', { silenceMs: 2_000 }).lane.ended;
    assert.equal(trouble, 'was stopped: it wrote nothing for 2 s');
  });

  it('is stopped by a signal', async () => {
    const { printed, lane } = start('hung', { live: true });
    await eventually('its suite has begun', () => printed.join('').includes('a\n'));
    lane.stop('SIGINT');
    assert.equal((await lane.ended).trouble, 'was ended by SIGINT before its tests');
  });
});
