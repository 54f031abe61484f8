import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SourceStatus } from '../../engine/model/tick.ts';
import { watchReadings } from '../../daemon/reading-watch.ts';
import { SourceLog } from '../../daemon/source-log.ts';
import { eventually } from '../support/eventually.ts';
import { recordingLog } from '../support/quiet-log.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { DaemonProcess } from './support/daemon-process.ts';

describe('log of stale sources', () => {
  let lines: Record<string, unknown>[];
  let log: SourceLog;
  let nowMs: number;

  beforeEach(() => {
    const recording = recordingLog();
    lines = recording.lines;
    log = new SourceLog(recording.log);
    nowMs = 1_000;
  });

  /** A tick every 100 ms for so long. */
  function ticks(ms: number, fresh: boolean, ageMs = 0): void {
    for (const endMs = nowMs + ms; nowMs < endMs; nowMs += 100) {
      log.observe([source({ fresh, ageMs })], nowMs);
    }
  }

  /** The lines so far, as time of the message; then forgets them. */
  const messages = (): readonly string[] =>
    lines.splice(0).map(({ level, msg, staleMs }) => [level, msg, staleMs].join(' '));

  it('warns at once, repeats the warning at growing intervals, and logs the recovery once', () => {
    ticks(1_000, true);
    ticks(40_000, false);
    ticks(10_000, true);
    assert.deepEqual(messages(), [
      'warn a source is stale 0',
      'warn a source is stale 5000',
      'warn a source is stale 15000',
      'warn a source is stale 35000',
      'info a source is fresh again 40000',
    ]);
  });

  it('names source and error', () => {
    log.observe([source({ fresh: false, error: 'no pid file', failures: 3 })], nowMs);
    const [{ source: name, error, failures }] = lines;
    assert.deepEqual([name, error, failures], ['ovs', 'no pid file', 3]);
  });

  it('waits a second for the first answer of a source', () => {
    ticks(900, false, Number.POSITIVE_INFINITY);
    ticks(1_000, true);
    assert.deepEqual(messages(), []);
  });

  it('warns of a source that never answers', () => {
    ticks(2_000, false, Number.POSITIVE_INFINITY);
    assert.deepEqual(messages(), ['warn a source is stale 1000']);
  });

  it('does not log each of many short failures', () => {
    ticks(1_000, true);
    for (let i = 0; i < 200; i++) {
      ticks(100, false);
      ticks(100, true);
    }
    assert.ok(lines.length <= 8, `${lines.length} lines in 40 s`);
    ticks(61_000, true);
    messages();
    ticks(100, false);
    assert.deepEqual(messages(), ['warn a source is stale 0']);
  });
});

describe('watch of readings', () => {
  it('reports a source that does not answer, before its time-out', async () => {
    const { log, lines } = recordingLog();
    let nowMs = 0;
    const now = (): number => nowMs;
    const options = { name: 'ovs', log: new SourceLog(log), now, periodMs: () => 100 };
    const stop = watchReadings({ ...options, lastTick: () => undefined });
    try {
      nowMs = 1_900;
      await sleep(1_100);
      assert.deepEqual(lines, []);
      nowMs = 4_000;
      await sleep(600);
      nowMs = 5_100;
      await eventually('it is logged', () => lines.length === 1);
      assert.equal(lines[0]['error'], 'it has not answered for 5.1 s');
    } finally {
      stop();
    }
  });
});

describe('a daemon without Open vSwitch', function () {
  this.timeout(20_000);
  let folder: ReturnType<typeof temporaryFolder>;
  let daemon: DaemonProcess | undefined;

  beforeEach(() => {
    folder = temporaryFolder();
  });

  afterEach(async () => {
    await daemon?.kill();
    folder.remove();
  });

  it('warns within seconds, and names what is missing', async () => {
    const ovs = { runDir: folder.path, database: `${folder.path}/db.sock` };
    const config = { node: { adapter: 'ovs', ovs }, backend: { adapter: 'none' } };
    daemon = await DaemonProcess.start({ folder: folder.path, config });
    const warningOf = (name: string) =>
      daemon?.log.find((line) => line['msg'] === 'a source is stale' && line['source'] === name);
    await eventually('both are logged', () => Boolean(warningOf('ovs') && warningOf('ports')));
    const started = daemon.log.find(({ msg }) => msg === 'starting');
    const tookMs = timeOf(warningOf('ports')) - timeOf(started);
    assert.ok(tookMs < 3_000, `it took ${tookMs} ms`);
    assert.match(String(warningOf('ovs')?.['error']), /no pid file/);
    assert.match(String(warningOf('ports')?.['error']), /cannot connect to OVSDB.*ENOENT/);
    await assert.rejects(daemon.command('status', '--check'), ({ code, stdout }) => {
      assert.equal(code, 1);
      assert.match(stdout, /^DEGRADED: source ovs is stale: no pid file.*\n$/);
      return true;
    });
  });
});

/** Time of a log line, ms since 1970. */
function timeOf(line: Readonly<Record<string, unknown>> | undefined): number {
  return Date.parse(String(line?.['time']));
}

function source(over: Partial<SourceStatus>): SourceStatus {
  const fresh = { name: 'ovs', fresh: true, ageMs: 0, failures: 0, costMs: 1, periodMs: 100 };
  return { ...fresh, error: undefined, ...over };
}
