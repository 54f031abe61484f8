import assert from 'node:assert/strict';
import { samples, type SamplingOptions } from '../../daemon/sampling.ts';
import type { Sample, SampleResult } from '../../engine/loop/sampler.ts';
import { FlowTable } from '../../engine/model/flow-table.ts';
import { eventually } from '../support/eventually.ts';
import { flowId } from '../support/flows.ts';
import { recordingLog } from '../support/quiet-log.ts';

const TABLE = new FlowTable();

/** An engine whose samples a test sets. */
class FakeEngine {
  /** Times of the samples, ms. */
  readonly takenAtMs: number[] = [];
  signal: AbortSignal | undefined;
  next: () => Promise<Sample | undefined> = () => Promise.resolve(undefined);

  sample(_table: FlowTable, signal: AbortSignal): Promise<Sample | undefined> {
    this.takenAtMs.push(performance.now());
    this.signal = signal;
    return this.next();
  }
}

function sampleOf(result: SampleResult, sourceMs = 0): Sample {
  return { id: flowId(1), row: 0, version: 1, result, detail: 'what differs', sourceMs };
}

/** Takes samples every 10 ms until `done`; returns the log. */
async function take(
  engine: FakeEngine,
  done: () => boolean,
): Promise<readonly Record<string, unknown>[]> {
  const { log, lines } = recordingLog();
  const options: SamplingOptions = { engine, table: () => TABLE, periodMs: 10, log };
  const running = samples(options).subscribe();
  try {
    await eventually('enough samples', done);
  } finally {
    running.unsubscribe();
  }
  return lines;
}

describe('sampling', () => {
  it('takes one sample after another, a period apart', async () => {
    const engine = new FakeEngine();
    await take(engine, () => engine.takenAtMs.length >= 5);
    const gaps = engine.takenAtMs.slice(1).map((at, i) => at - engine.takenAtMs[i]);
    assert.ok(
      gaps.every((gap) => gap >= 9),
      gaps.join(),
    );
  });

  it('slows down so that the vSwitch spends at most a hundredth of its time', async () => {
    const engine = new FakeEngine();
    engine.next = () => Promise.resolve(sampleOf('same', 1));
    await take(engine, () => engine.takenAtMs.length >= 3);
    const [first, second, third] = engine.takenAtMs;
    assert.ok(second - first >= 99 && third - second >= 99, engine.takenAtMs.join());
  });

  it('logs what it finds, and an outage once', async () => {
    const engine = new FakeEngine();
    const found: SampleResult[] = ['same', 'suspected', 'different', 'failed', 'failed', 'same'];
    engine.next = () => {
      const result = found.shift();
      return Promise.resolve(result === undefined ? undefined : sampleOf(result));
    };
    const lines = await take(engine, () => found.length === 0);
    assert.deepEqual(
      lines.map(({ level, msg }) => [level, msg]),
      [
        ['info', 'an entry differs from the vSwitch; a second look follows'],
        ['error', 'removed an entry: the vSwitch would do something else'],
        ['warn', 'a sample was not answered'],
      ],
    );
    assert.equal(lines[1]['detail'], 'what differs');
  });

  it('continues after an entry that could not be removed', async () => {
    const engine = new FakeEngine();
    engine.next = () => Promise.reject(new Error('EIO'));
    const lines = await take(engine, () => engine.takenAtMs.length >= 3);
    assert.deepEqual([lines[0]['level'], lines[0]['error']], ['error', 'EIO']);
  });

  it('aborts a sample in progress when it ends', async () => {
    const engine = new FakeEngine();
    engine.next = () => new Promise(() => undefined);
    await take(engine, () => engine.takenAtMs.length === 1);
    assert.equal(engine.signal?.aborted, true);
  });
});
