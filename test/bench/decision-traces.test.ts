import assert from 'node:assert/strict';
import { membersOf } from '../../bench/decisions/game/algorithm.ts';
import { ALGORITHMS } from '../../bench/decisions/algorithms/all.ts';
import { bounds } from '../../bench/decisions/game/bounds.ts';
import { run } from '../../bench/decisions/game/run.ts';
import { generate } from '../../bench/decisions/traces/generator.ts';
import { INPUTS } from '../../bench/decisions/traces/inputs.ts';
import { sightings } from '../../bench/decisions/traces/sightings.ts';
import { TransferCurve } from '../../bench/decisions/traces/tcp-transfer.ts';
import { SEGMENT } from '../../adapters/emulator/packets.ts';

const OPTIONS = { windowMs: 1000, windows: 60, warmUpWindows: 20, seed: 7, liveFlows: 800 };

describe('generated traces of the decisions bench', () => {
  it('are the same for the same seed, and differ for another', () => {
    const [mix] = INPUTS.slice(-1);
    const sums = [7, 7, 8].map((seed) => {
      const { bytes } = generate(mix, { ...OPTIONS, seed }).trace;
      return bytes.reduce((a, b) => a + b, 0);
    });
    assert.equal(sums[0], sums[1]);
    assert.notEqual(sums[0], sums[2]);
  });

  for (const input of INPUTS) {
    it(`of ${input.name} have about the requested number of flows, some of them pausing`, () => {
      const { meanLive, meanSending } = sightings(generate(input, OPTIONS).trace);
      assert.ok(meanLive > 400 && meanLive < 1200, `${meanLive} flows`);
      assert.ok(meanSending < meanLive, `${meanSending} of ${meanLive} send`);
    });
  }

  it('send each flow at most once a window, whole packets no larger than a segment allows', () => {
    for (const input of INPUTS) {
      const { trace } = generate(input, { ...OPTIONS, windowMs: 250 });
      for (let w = 0; w < trace.windows; w++) {
        const flows = trace.flow.subarray(trace.offsets[w], trace.offsets[w + 1]);
        assert.equal(new Set(flows).size, flows.length);
      }
      trace.bytes.forEach((bytes, i) => {
        assert.ok(Number.isInteger(trace.packets[i]) && trace.packets[i] > 0);
        assert.ok(bytes <= trace.packets[i] * (SEGMENT + 66) && bytes > trace.packets[i] * 42);
        assert.ok(trace.lastMs[i] >= 0 && trace.lastMs[i] <= 250);
      });
    }
  });

  it('cut the same traffic into windows of any length', () => {
    const total = (windowMs: number, windows: number) => {
      const { trace } = generate(INPUTS[0], { ...OPTIONS, windowMs, windows, warmUpWindows: 0 });
      return trace.packets.reduce((a, b) => a + b, 0);
    };
    // A segment more or less at the very end of the trace, where transfers are cut.
    const [seconds, quarters] = [total(1000, 60), total(250, 240)];
    assert.ok(Math.abs(seconds - quarters) < 1e-3 * seconds, `${seconds} and ${quarters}`);
  });
});

describe('what generated traffic is expected to send', () => {
  // Sizes of data mining vary too much for a mean over a minute.
  for (const name of ['web-search', 'hadoop', 'storage', 'rpc']) {
    for (const windowMs of [1000, 250]) {
      it(`comes true on average for ${name} in windows of ${windowMs} ms`, () => {
        const input = INPUTS.filter((i) => i.name === name);
        const options = { ...OPTIONS, windowMs, windows: 60_000 / windowMs, liveFlows: 600 };
        const { trace, expected } = generate(input[0], options);
        const first = new Uint32Array(trace.flows).fill(trace.windows);
        const sums = { sent: 0, expected: 0 };
        for (let w = 0; w < trace.windows; w++) {
          for (let i = trace.offsets[w]; i < trace.offsets[w + 1]; i++) {
            // Of the window that a connection is opened in nothing is expected: nobody knows it.
            if (first[trace.flow[i]] < w) sums.sent += trace.packets[i];
            else first[trace.flow[i]] = w;
          }
        }
        sums.expected = expected.packets.reduce((a, b) => a + b, 0);
        const ratio = sums.expected / sums.sent;
        assert.ok(ratio > 0.9 && ratio < 1.1, `expected ${ratio} of what came`);
      });
    }
  }

  it('cannot be beaten on average without foresight', async () => {
    for (const input of INPUTS) {
      const { trace, expected } = generate(input, OPTIONS);
      const seen = sightings(trace);
      const { informed, reachable } = bounds(trace, seen, 32, expected);
      assert.ok(informed !== undefined && informed.packets <= reachable.packets);
      for (const algorithm of ALGORITHMS.flatMap((a) => membersOf(a, trace, 32))) {
        const { packetCoverage, byteCoverage } = await run(algorithm, trace, seen, {
          entries: 32,
        });
        assert.ok(packetCoverage <= informed.packets * 1.02, `${input.name}: ${algorithm.name}`);
        assert.ok(byteCoverage <= informed.bytes * 1.02, `${input.name}: ${algorithm.name}`);
      }
    }
  });
});

describe('the curve of a transfer', () => {
  it('doubles each round trip from the initial window, then keeps its peak', () => {
    const curve = new TransferCurve();
    const peak = 100_000;
    curve.set(4, peak);
    const rate = (ms: number) => (curve.sentAt(ms + 1e-6) - curve.sentAt(ms)) / 1e-6;
    const initial = (10 * SEGMENT) / 4;
    for (const [ms, expected] of [
      [0, initial],
      [4, 2 * initial],
      [12, 8 * initial],
      [40, peak],
      [400, peak],
    ]) {
      assert.ok(Math.abs(rate(ms) / expected - 1) < 1e-3, `${rate(ms)} at ${ms} ms`);
    }
  });

  it('inverts itself', () => {
    const curve = new TransferCurve();
    curve.set(2, 50_000);
    for (const bytes of [1, 1448, 50_000, 1_000_000, 1e9]) {
      assert.ok(Math.abs(curve.sentAt(curve.timeOf(bytes)) / bytes - 1) < 1e-9);
    }
  });
});
