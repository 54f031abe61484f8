import assert from 'node:assert/strict';
import { join } from 'node:path';
import { runProgram } from '../../../cli/program.ts';
import { type ControlService, startControlServer } from '../../../server/control/control-server.ts';
import { eventually } from '../../support/eventually.ts';
import { decisionOf, FakeView } from '../../support/fake-view.ts';
import { recordingLog } from '../../support/quiet-log.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { TestTerminal } from '../../support/test-terminal.ts';

describe('norikae decisions', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let view: FakeView;
  let service: ControlService;
  let stdout: TestTerminal;
  let stderr: TestTerminal;

  beforeEach(async () => {
    folder = temporaryFolder();
    view = new FakeView();
    service = await startControlServer(join(folder.path, 's'), view, recordingLog().log);
    stdout = new TestTerminal();
    stderr = new TestTerminal();
  });

  afterEach(async () => {
    await service.close();
    folder.remove();
  });

  function decisions(...options: string[]): Promise<number> {
    const context = {
      stdout,
      stderr,
      env: { NORIKAE_CONTROL: join(folder.path, 's') },
      loadDaemon: () => Promise.reject(new Error('this test runs no daemon')),
      exit: () => {},
      now: () => performance.now(),
    };
    return runProgram(context, ['decisions', ...options]);
  }

  /** Records with these ids, latest first as the daemon keeps them, made so many minutes ago. */
  function record(...made: readonly (readonly [id: string, minutesAgo: number])[]): void {
    view.recorded = made.map(([id, minutesAgo]) =>
      decisionOf({ id, time: new Date(Date.now() - minutesAgo * 60_000).toISOString() }),
    );
  }

  function printedIds(): readonly unknown[] {
    const lines = stdout.text.split('\n').filter((line) => line !== '');
    return lines.map((line): unknown => JSON.parse(line).id);
  }

  async function idsSince(since: string): Promise<readonly unknown[]> {
    stdout.text = '';
    assert.equal(await decisions('--since', since, '--json'), 0);
    const found: { decisions: readonly { id: string }[] } = JSON.parse(stdout.text);
    return found.decisions.map(({ id }) => id);
  }

  it('--since: shows the records since a time ago, or since a time', async () => {
    record(['c', 1], ['b', 9], ['a', 30]);
    assert.deepEqual(await idsSince('10m'), ['b', 'c']);
    assert.deepEqual(await idsSince('1h'), ['a', 'b', 'c']);
    assert.deepEqual(await idsSince(new Date(Date.now() - 5 * 60_000).toISOString()), ['c']);
    assert.equal(await decisions('--since', 'yesterday'), 2);
    assert.match(stderr.text, /It must be a time ago such as 10m, or an ISO 8601 time/);
  });

  it('--since: has no limit of 20 records', async () => {
    record(...Array.from({ length: 50 }, (_, i) => [`r${i}`, i] as const));
    assert.equal((await idsSince('1h')).length, 50);
  });

  it('--follow: prints later records once, in order, until the daemon exits', async () => {
    record(['b', 1], ['a', 2]);
    const ended = decisions('--follow', '--json', '--limit', '1');
    await eventually('the first record', () => stdout.text !== '');
    assert.deepEqual(printedIds(), ['b']);
    record(['d', 0], ['c', 0], ['b', 1], ['a', 2]);
    await eventually('the two later ones', () => printedIds().length === 3);
    const asked = view.asked.length;
    await eventually('further questions', () => view.asked.length > asked + 1);
    assert.deepEqual(printedIds(), ['b', 'c', 'd']);
    await service.close();
    assert.equal(await ended, 3);
    assert.match(stderr.text, /the daemon exited/);
  });

  it('--follow: begins with the records that --since leaves, and repeats none of the others', async () => {
    record(['b', 20], ['a', 30]);
    const ended = decisions('--follow', '--json', '--since', '1m');
    await eventually('a question', () => view.asked.includes('decisions'));
    record(['c', 0], ['b', 20], ['a', 30]);
    await eventually('a record', () => stdout.text !== '');
    assert.deepEqual(printedIds(), ['c']);
    await service.close();
    await ended;
  });

  it('--follow: says where records are missing', async () => {
    record(['a', 0]);
    const ended = decisions('--follow', '--json');
    await eventually('the first record', () => stdout.text !== '');
    record(['z', 0], ['y', 0]);
    await eventually('the later ones', () => printedIds().length === 3);
    assert.match(stderr.text, /some records are missing here/);
    await service.close();
    await ended;
  });
});
