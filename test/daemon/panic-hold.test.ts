import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdir, open, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { HoldFile } from '../../daemon/hold-file.ts';
import { PanicHold } from '../../daemon/panic-hold.ts';
import { Rig } from '../engine/loop/engine-rig.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const AT = Date.parse('2026-01-02T03:04:05.000Z');

describe('panic hold', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;
  let releases: number;
  beforeEach(() => {
    releases = 0;
    folder = temporaryFolder();
    path = join(folder.path, 'state', 'hold.json');
  });
  afterEach(() => folder.remove());

  /** A daemon's hold on an engine that has offloaded a flow. */
  async function daemon(
    rig = new Rig(),
    file = new HoldFile(path),
  ): Promise<{ rig: Rig; hold: PanicHold }> {
    const { engine } = rig;
    const log = pino({ level: 'silent' });
    const hold = new PanicHold({
      engine,
      table: () => rig.table,
      file,
      wall: () => AT,
      log,
      onRelease: () => releases++,
    });
    await hold.restore();
    await rig.tick([{ n: 1 }]);
    return { rig, hold };
  }

  it('survives a crash, and ends with its release', async () => {
    const first = await daemon();
    assert.deepEqual(first.rig.installed(), [1]);
    const { held, withdrawn, problem } = await first.hold.press();
    assert.deepEqual([held, withdrawn, problem], [true, 1, null]);
    assert.equal((await stat(path)).mode & 0o777, 0o600);

    const second = await daemon(new Rig(first.rig.backend));
    assert.ok(second.rig.engine.held);
    assert.equal(second.hold.since, '2026-01-02T03:04:05.000Z');
    assert.deepEqual(second.rig.installed(), []);
    assert.equal(releases, 0);
    await second.hold.release();
    assert.equal(releases, 1);
    await second.rig.tick([{ n: 1 }]);
    assert.deepEqual(second.rig.installed(), [1]);

    const third = await daemon(new Rig(first.rig.backend));
    assert.ok(!third.rig.engine.held);
    assert.equal(third.hold.since, undefined);
  });

  it('is restored from a file that cannot be read', async () => {
    await mkdir(join(folder.path, 'state'));
    for (const text of ['', '{"heldSince"', '[]', '{}']) {
      await writeFile(path, text);
      const { rig } = await daemon();
      assert.ok(rig.engine.held, text);
      assert.deepEqual(rig.installed(), []);
    }
  });

  it('is restored when a pipe is in place of the file, without waiting for a writer', async () => {
    await mkdir(join(folder.path, 'state'));
    execFileSync('mkfifo', [path]);
    const { rig } = await daemon();
    assert.ok(rig.engine.held);
  });

  it('answers although the file system does not', async () => {
    await mkdir(join(folder.path, 'state'));
    // Opening a pipe without a reader takes until there is one.
    const scratch = `${path}.new`;
    execFileSync('mkfifo', [scratch]);
    const { rig, hold } = await daemon(new Rig(), new HoldFile(path, 50));
    const { held, withdrawn, problem } = await hold.press();
    assert.deepEqual([held, withdrawn], [true, 1]);
    assert.match(problem ?? '', /writing .* takes longer than 0.05 s; check its file system/);
    assert.deepEqual(rig.installed(), []);
    // Ends the abandoned write, which would keep the test process.
    const reader = await open(scratch, constants.O_RDONLY | constants.O_NONBLOCK);
    await reader.close();
  });

  it('holds although it cannot be recorded, and says so', async () => {
    await writeFile(join(folder.path, 'state'), 'a file in place of the folder');
    const rig = new Rig();
    const log = pino({ level: 'silent' });
    const file = new HoldFile(path);
    const hold = new PanicHold({
      engine: rig.engine,
      table: () => rig.table,
      file,
      wall: () => AT,
      log,
      onRelease: () => releases++,
    });
    await rig.tick([{ n: 1 }]);
    const { held, withdrawn, problem } = await hold.press();
    assert.deepEqual([held, withdrawn], [true, 1]);
    assert.match(problem ?? '', /a restart ends the hold/);
  });

  it('is recorded although a backend fails', async () => {
    const { rig, hold } = await daemon();
    rig.backend.withdrawAll = () => Promise.reject(new Error('busy'));
    await assert.rejects(hold.press(), /busy/);
    await hold.press().catch(() => undefined);
    assert.match(await readFile(path, 'utf8'), /2026-01-02/);
  });

  it('continues when the button is pressed during its release', async () => {
    const { rig, hold } = await daemon();
    await hold.press();
    const released = hold.release();
    const pressed = hold.press();
    assert.equal((await released).held, true);
    await pressed;
    assert.ok(rig.engine.held);
    assert.match(await readFile(path, 'utf8'), /heldSince/);
  });

  it('continues when its end cannot be recorded', async () => {
    const { rig, hold } = await daemon();
    await hold.press();
    const file = new HoldFile(path);
    await file.remove();
    // A folder in place of the file: it cannot be removed as a file.
    await mkdir(path);
    await assert.rejects(hold.release(), /the hold continues/);
    assert.ok(rig.engine.held);
  });
});
