import assert from 'node:assert/strict';
import { admissionAfter, admissionBySampling } from '../../bench/decisions/algorithms/admission.ts';
import { firstPacket } from '../../bench/decisions/algorithms/first-packet.ts';
import { mediatekPpe } from '../../bench/decisions/algorithms/mediatek-ppe.ts';
import {
  optimisticLeader,
  perturbedLeader,
} from '../../bench/decisions/algorithms/perturbed-leader.ts';
import { s3Fifo } from '../../bench/decisions/algorithms/s3-fifo.ts';
import { s3Lru } from '../../bench/decisions/algorithms/s3-lru.ts';
import { sieve } from '../../bench/decisions/algorithms/sieve.ts';
import { wTinyLfu } from '../../bench/decisions/algorithms/w-tiny-lfu.ts';
import { drive, repeat } from '../support/driven-tables.ts';
import { traceOf } from '../support/traces.ts';

/** A packet in one of six windows. */
function at(window: number, packets = 1): number[] {
  return Array.from({ length: 6 }, (_, w) => (w === window ? packets : 0));
}

describe('the opponents of the decisions bench', () => {
  for (const cache of [sieve, s3Fifo, s3Lru, wTinyLfu]) {
    for (const unit of ['bytes', 'packets'] as const) {
      const algorithm = cache(unit);
      it(`${algorithm.name}: flows that are often sampled stay, mice pass through`, async () => {
        const windows = 20;
        const elephants = repeat(4, repeat(windows, 1000));
        const mice = Array.from({ length: 200 }, (_, i) =>
          Array.from({ length: windows }, (_, w) => (i % windows === w ? 5 : 0)),
        );
        const { placed } = await drive(algorithm, [...elephants, ...mice], 32);
        for (const flows of placed.slice(5)) assert.deepEqual(flows.slice(0, 4), [0, 1, 2, 3]);
      });
    }
  }

  it('SIEVE: the hand clears marks from the oldest flow on, and evicts the first without', async () => {
    const hitOnce = [1, 0, 1, 0, 0, 0];
    const { placed } = await drive(sieve('packets'), [hitOnce, at(1), at(3), at(4)], 2);
    assert.deepEqual(placed, [[0], [0, 1], [0, 1], [0, 2], [2, 3], [2, 3]]);
  });

  it('S3-FIFO: a flow with several packets moves on, one with a single packet leaves', async () => {
    const packets = [at(0, 3), at(1), at(2), at(3), at(4)];
    const { placed } = await drive(s3Fifo('packets'), packets, 4);
    assert.deepEqual(placed[3], [0, 1, 2, 3]);
    assert.deepEqual(placed[4], [0, 2, 3, 4]);
  });

  it('S3-FIFO: a flow that returns soon enters the main queue', async () => {
    const returning = [1, 0, 0, 1, 0, 0];
    const { placed } = await drive(s3Fifo('packets'), [returning, at(1), at(2), at(4), at(5)], 2);
    // Flow 0 leaves for flow 2, returns to the main queue, and the small queue yields twice.
    assert.deepEqual(placed.slice(2), [
      [1, 2],
      [0, 2],
      [0, 3],
      [0, 4],
    ]);
  });

  it('W-TinyLFU: a flow that falls out of the window displaces only one sampled less', async () => {
    const { placed } = await drive(wTinyLfu('packets'), [at(0, 5), at(1), at(2), at(3)], 2);
    assert.deepEqual(placed.slice(1, 4), [
      [0, 1],
      [0, 2],
      [0, 3],
    ]);
  });

  it('S3-LRU: a packet moves a flow one step up, new flows enter in the middle', async () => {
    const { placed } = await drive(
      s3Lru('packets'),
      [at(0), at(1), [0, 0, 1, 1, 0, 0], at(3), at(4), at(5)],
      4,
    );
    // Flow 2 is above flow 1 when flow 3 enters below both, and flow 1 is the first to leave.
    assert.deepEqual(placed[3], [0, 1, 2, 3]);
    assert.deepEqual(placed[4], [0, 2, 3, 4]);
  });

  it("MediaTek's engine: binds flows from 30 packets/s on; the busiest of four stay", async () => {
    const rates = [29, 40, 50, 60, 70].map((rate) => repeat(3, rate));
    const { placed } = await drive(mediatekPpe('packets'), [...rates, [0, 45, 45]], 4);
    assert.deepEqual(placed, [
      [1, 2, 3, 4],
      [2, 3, 4, 5],
      [2, 3, 4, 5],
    ]);
  });

  it('admission after N: in when a flow has sent that much in all its windows', async () => {
    const [, afterEight] = admissionAfter('packets').members(traceOf([[1]]), 4);
    const { placed } = await drive(afterEight, [repeat(4, 3), [7, 0, 0, 0]], 4);
    assert.deepEqual(placed, [[], [], [0], [0]]);
  });

  it('admission by sampling: the more packets, the sooner', async () => {
    const [every, , oneIn64] = admissionBySampling('packets').members(traceOf([[1]]), 400);
    const flows = [...repeat(100, [1]), ...repeat(100, [64]), ...repeat(100, [1000])];
    assert.equal((await drive(every, flows, 400)).placed[0].length, 300);
    const [sampled] = (await drive(oneIn64, flows, 400)).placed;
    const few = sampled.filter((flow) => flow < 100).length;
    const some = sampled.filter((flow) => flow >= 100 && flow < 200).length;
    const most = sampled.filter((flow) => flow >= 200).length;
    // Expected: 1.6, 63 and 100 of 100.
    assert.ok(few < 10 && some > 40 && some < 85 && most === 100, `${few}, ${some}, ${most}`);
  });

  it('the perturbed leader: follows what flows have sent so far', async () => {
    const leader = perturbedLeader('packets', { halfLifeMs: 1000, noise: 0 });
    const { placed } = await drive(leader, [[40, 0, 0, 0], repeat(4, 12)], 1);
    // Sums: 40, 20, 10, 5 beside 12, 18, 21, 22.5.
    assert.deepEqual(placed, [[0], [0], [1], [1]]);
  });

  it('the perturbed leader: draws the noise of a flow once, so that equal flows stay', async () => {
    for (const leader of [perturbedLeader('bytes'), optimisticLeader('bytes')]) {
      const { operations } = await drive(leader, repeat(9, repeat(8, 10)), 3);
      assert.equal(operations[0], 3);
      assert.deepEqual(operations.slice(4), [0, 0, 0, 0], leader.name);
    }
  });

  it('the optimistic leader: leaves a flow that is expected to send no more', async () => {
    const options = { halfLifeMs: 1000, noise: 0 };
    const windows = 40;
    // Pairs of flows: one sends for a window, the other begins in the next and continues.
    const flows = Array.from({ length: 20 }, (_, i) => [
      Array.from({ length: windows }, (_, w) => (w === 2 * i ? 100 : 0)),
      Array.from({ length: windows }, (_, w) => (w > 2 * i && w < 2 * i + 8 ? 30 : 0)),
    ]).flat();
    const share = async (leader: typeof perturbedLeader): Promise<number> => {
      const { placed } = await drive(leader('packets', options), flows, 4);
      let carried = 0;
      for (let w = 1; w < windows; w++) {
        for (const flow of placed[w - 1]) carried += flows[flow][w];
      }
      return carried;
    };
    const [plain, optimistic] = [await share(perturbedLeader), await share(optimisticLeader)];
    assert.ok(optimistic > plain, `${optimistic} packets, plain ${plain}`);
  });

  it('the first-packet classifier: places a flow of a busy service when it is new', async () => {
    const packets = [repeat(4, 9), repeat(4, 9), [0, 90, 90, 0], [0, 0, 1, 0]];
    const { placed } = await drive(firstPacket('packets'), packets, 2, [0, 0, 1, 1]);
    assert.deepEqual(placed[0], [0, 1]);
    assert.equal(placed[1].includes(2), true);
    assert.deepEqual(placed[2], [2, 3]);
  });
});
