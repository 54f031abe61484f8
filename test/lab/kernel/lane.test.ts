import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../../platform/package-root.ts';
import { needs } from '../../support/needs.ts';

const BODY = `describe('a', () => {
  it('passes', () => console.log('in', require('node:os').hostname()));
  it('fails', () => { throw new Error('broken'); });
  it('is skipped');
});`;

/** The guest boots in 7 s on an idle machine; here others boot at the same time. */
const LANE_MS = 120_000;

describe('lane on a kernel of the lab', function () {
  this.timeout(LANE_MS);
  let folder = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'norikae-kernel-lane-'));
    await writeFile(join(folder, 'a.test.cjs'), BODY);
  });

  after(() => rm(folder, { recursive: true, force: true }));

  /** Runs the lane; resolves to its exit code, counts and output. */
  async function runLane(kernel: string) {
    const inPackage = (...path: string[]) => join(packageRoot(), ...path);
    const mocha = inPackage('node_modules', 'mocha', 'bin', 'mocha.js');
    const reporter = inPackage('scripts', 'testing', 'reporter.mjs');
    const onHost = inPackage('dist', 'lab', 'kernel', 'lane', 'on-host.js');
    const args = [onHost, kernel, mocha, '--reporter', reporter, join(folder, 'a.test.cjs')];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const results: unknown[] = [];
    child.on('message', (message) => results.push(message));
    const [code] = await once(child, 'close');
    return { code, results, output };
  }

  function assertCounts(results: readonly unknown[]): void {
    const [result, ...others] = results;
    assert.deepEqual(others, []);
    assert(typeof result === 'object' && result !== null);
    assert.deepEqual(
      { ...result, elapsedMs: [], failures: '', files: [], reasons: [] },
      {
        passed: 1,
        failed: 1,
        skipped: 1,
        elapsedMs: [],
        failures: '',
        files: [],
        reasons: [],
      },
    );
  }

  it('runs mocha in a guest, and reports its counts, failures and output', async function () {
    needs(this, 'kernel-guests');
    const { code, results, output } = await runLane('release');
    assert.equal(code, 1, output);
    assertCounts(results);
    assert.match(output, /in guest/);
    assert.match(output, /1\) fails/);
  });

  it('runs mocha here when the lab is missing, where its tests skip themselves', async () => {
    const { code, results, output } = await runLane('of-nowhere');
    assert.equal(code, 1, output);
    assertCounts(results);
    assert.match(output, /the tests in a guest are skipped: the kernel lab has no kernel/);
    assert.doesNotMatch(output, /in guest/);
  });
});
