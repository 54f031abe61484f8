import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { traceOfRecords, TraceTooShortError } from '../../bench/decisions/traces/record-trace.ts';
import type { Trace } from '../../bench/decisions/traces/trace.ts';
import { TraceError } from '../../replay/input/trace-error.ts';

/** The trace as [window, flow, packets, bytes] of each element. */
function elementsOf(trace: Trace): number[][] {
  return Array.from(trace.flow, (flow, i) => {
    const window = trace.offsets.findIndex((_, w) => i < trace.offsets[w + 1]);
    return [window, flow, trace.packets[i], Math.round(trace.bytes[i])];
  });
}

describe('flow records in the decisions bench', () => {
  let folder = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'norikae-decisions-'));
  });

  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function traceOf(text: string, windowMs = 1000): Promise<Trace> {
    const file = join(folder, 'records.csv');
    await writeFile(file, text);
    return await traceOfRecords(file, windowMs);
  }

  it('are spread evenly over their duration, the first packet at the start', async () => {
    const trace = await traceOf('10,3,7000,7\n10.5,0,100,1\n');
    assert.deepEqual(elementsOf(trace), [
      [0, 0, 2, 2000],
      [0, 1, 1, 100],
      [1, 0, 2, 2000],
      [2, 0, 2, 2000],
      [3, 0, 1, 1000],
    ]);
    assert.equal(trace.lastMs[0], 500);
    assert.equal(trace.windows, 4);
  });

  it('of the same addresses and ports are one flow, in one window summed up', async () => {
    const flow = '10.0.0.1,10.0.0.2,tcp,1,2';
    const other = '10.0.0.1,10.0.0.2,tcp,1,3';
    const trace = await traceOf(
      `0,0,100,1,${flow}\n0.1,0,50,1,${other}\n0.2,0,200,2,${flow}\n5,0,300,3,${flow}\n`,
    );
    assert.deepEqual(elementsOf(trace), [
      [0, 0, 3, 300],
      [0, 1, 1, 50],
      [5, 0, 3, 300],
    ]);
    assert.equal(trace.flows, 2);
  });

  it('keep every packet and byte, whatever the window', async () => {
    const lines = Array.from(
      { length: 50 },
      (_, i) => `${i * 0.37},${(i * i) % 17},${1000 * i + 60},${i + 1}`,
    );
    for (const windowMs of [10, 250, 1000, 3333]) {
      const { packets, bytes, windows, lastMs } = await traceOf(lines.join('\n'), windowMs);
      assert.equal(
        packets.reduce((a, b) => a + b, 0),
        1275,
      );
      assert.equal(Math.round(bytes.reduce((a, b) => a + b, 0)), 1000 * 1225 + 3000);
      assert.ok(windows * windowMs >= 18_130);
      assert.ok(lastMs.every((ms) => ms >= 0 && ms <= windowMs));
    }
  });

  it('that are invalid or too few are refused with a message', async () => {
    await assert.rejects(traceOf('0,1,x,1\n'), TraceError);
    await assert.rejects(traceOf('0,0,100,1\n'), TraceTooShortError);
    await assert.rejects(traceOf(''), TraceTooShortError);
  });
});
