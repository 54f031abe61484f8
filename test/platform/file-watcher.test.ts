import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileWatcher } from '../../platform/file-watcher.ts';
import { HungFileSystem } from '../support/hung-file-system.ts';
import { needs } from '../support/needs.ts';
import { recordingLog } from '../support/quiet-log.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const QUIET_MS = 120;

describe('file watcher', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let file: string;
  let calls: number;
  let watcher: FileWatcher;
  let onChange: () => Promise<void>;
  let log: ReturnType<typeof recordingLog>;

  beforeEach(async () => {
    folder = temporaryFolder();
    file = join(folder.path, 'p.json');
    writeFileSync(file, 'one');
    calls = 0;
    onChange = () => Promise.resolve();
    log = recordingLog();
    watcher = watch([file, join(folder.path, 'p.test.json')]);
    await watcher.start();
  });

  afterEach(async () => {
    await watcher.close();
    folder.remove();
  });

  function watch(files: readonly string[], readyMs?: number): FileWatcher {
    return new FileWatcher({
      what: 'files',
      files,
      onChange: () => {
        calls++;
        return onChange();
      },
      log: log.log,
      quietMs: QUIET_MS,
      ...(readyMs === undefined ? {} : { readyMs }),
    });
  }

  /** Waits for `times` calls in total, and checks that there are no more. */
  async function called(times: number): Promise<void> {
    await calledAtLeast(times);
    await sleep(4 * QUIET_MS);
    assert.equal(calls, times);
  }

  async function calledAtLeast(times: number): Promise<void> {
    const endMs = performance.now() + 5_000;
    const waits = (): boolean => calls < times && performance.now() < endMs;
    while (waits()) await sleep(20);
    assert.ok(calls >= times, `called ${calls} times`);
  }

  it('reports a file that is written', async () => {
    writeFileSync(file, 'two');
    await called(1);
  });

  it('reports a file that is repeatedly replaced by a rename', async () => {
    for (let i = 1; i <= 3; i++) {
      writeFileSync(`${file}.new`, `version ${i}`);
      renameSync(`${file}.new`, file);
      await called(i);
    }
  });

  it('reports a file that is removed and recreated, and a new file', async () => {
    rmSync(file);
    await called(1);
    writeFileSync(file, 'three');
    await called(2);
    writeFileSync(join(folder.path, 'p.test.json'), '{}');
    await called(3);
  });

  it('calls once for a burst of changes', async () => {
    for (let i = 0; i < 10; i++) writeFileSync(file, `burst ${i}`);
    writeFileSync(join(folder.path, 'p.test.json'), '{}');
    await called(1);
  });

  it('bounds the length of a burst', async () => {
    const endMs = performance.now() + 30 * QUIET_MS;
    for (let i = 0; performance.now() < endMs; i++) {
      writeFileSync(file, `burst ${i}`);
      await sleep(QUIET_MS / 4);
    }
    assert.ok(calls >= 1, 'called while changes went on');
  });

  it('ignores other files', async () => {
    writeFileSync(join(folder.path, 'other.json'), 'x');
    writeFileSync(join(folder.path, '.p.json.swp'), 'x');
    mkdirSync(join(folder.path, 'sub'));
    writeFileSync(join(folder.path, 'sub', 'p.json'), 'x');
    await called(0);
  });

  it('reports files that are all replaced through one link', async () => {
    await watcher.close();
    const linked = join(folder.path, 'linked');
    for (const name of ['linked', 'linked/..1', 'linked/..2']) mkdirSync(join(folder.path, name));
    writeFileSync(join(linked, '..1', 'p.json'), 'one');
    writeFileSync(join(linked, '..2', 'p.json'), 'two');
    symlinkSync('..1', join(linked, '..data'));
    symlinkSync(join('..data', 'p.json'), join(linked, 'p.json'));
    watcher = watch([join(linked, 'p.json')]);
    await watcher.start();
    symlinkSync('..2', join(linked, '..tmp'));
    renameSync(join(linked, '..tmp'), join(linked, '..data'));
    await calledAtLeast(1);
  });

  it('reports a change of a link target in another folder', async () => {
    await watcher.close();
    const elsewhere = temporaryFolder();
    try {
      const target = join(elsewhere.path, 'real.json');
      writeFileSync(target, 'one');
      const link = join(folder.path, 'link.json');
      symlinkSync(target, link);
      watcher = watch([link]);
      await watcher.start();
      writeFileSync(target, 'two');
      await called(1);
    } finally {
      elsewhere.remove();
    }
  });

  it('reports a link that is replaced by one to another file, as certbot does', async () => {
    await watcher.close();
    for (const name of ['cert1', 'cert2']) writeFileSync(join(folder.path, name), name);
    const link = join(folder.path, 'cert.pem');
    symlinkSync(join(folder.path, 'cert1'), link);
    watcher = watch([link]);
    await watcher.start();
    symlinkSync(join(folder.path, 'cert2'), `${link}.new`);
    renameSync(`${link}.new`, link);
    await called(1);
  });

  it('starts at once without files', async () => {
    await watcher.close();
    watcher = watch([]);
    await watcher.start();
    assert.ok(!watcher.watching);
  });

  it('continues when the callback fails, and never overlaps calls', async () => {
    let inside = 0;
    onChange = async () => {
      inside++;
      assert.equal(inside, 1);
      await sleep(5 * QUIET_MS);
      inside--;
      throw new Error('not today');
    };
    writeFileSync(file, 'a');
    await sleep(3 * QUIET_MS);
    writeFileSync(file, 'b');
    await called(2);
    await sleep(6 * QUIET_MS);
    assert.equal(log.lines.filter((line) => line.level === 'error').length, 2);
  });

  it('calls once more for all changes during a long call', async () => {
    let end: () => void = () => undefined;
    onChange = () => new Promise((resolve) => (end = resolve));
    writeFileSync(file, 'two');
    await calledAtLeast(1);
    for (let i = 0; i < 3; i++) {
      writeFileSync(file, `three ${i}`);
      await sleep(3 * QUIET_MS);
    }
    assert.equal(calls, 1);
    onChange = () => Promise.resolve();
    end();
    await called(2);
  });

  it('gives up in time on a file system that hangs', async function () {
    needs(this, 'root', 'fuse');
    await watcher.close();
    const path = join(folder.path, 'hung');
    mkdirSync(path);
    const hung = await HungFileSystem.mount(path);
    try {
      watcher = watch([join(path, 'p.json'), file], 100);
      let turns = 0;
      const timer = setInterval(() => turns++, 5);
      const sinceMs = performance.now();
      await watcher.start();
      clearInterval(timer);
      const tookMs = performance.now() - sinceMs;
      assert.ok(tookMs >= 95 && tookMs < 2_000, `${tookMs} ms`);
      assert.ok(turns >= 5, `${turns} turns`);
      assert.ok(!watcher.watching);
      const { level, msg } = log.lines.at(-1) ?? {};
      assert.deepEqual([level, msg], ['warn', 'files are no longer watched']);
    } finally {
      await hung.unmount();
    }
    // The end of the abandoned call does not start the watch.
    await sleep(QUIET_MS);
    assert.ok(!watcher.watching);
  });

  it('reports whether it is watching, and stops', async () => {
    assert.ok(watcher.watching);
    await watcher.close();
    assert.ok(!watcher.watching);
    writeFileSync(file, 'late');
    await called(0);
  });
});
