import assert from 'node:assert/strict';
import type { Algorithm } from '../../bench/decisions/game/algorithm.ts';
import { elephantTrap } from '../../bench/decisions/algorithms/elephant-trap.ts';
import { HHF } from '../../bench/decisions/algorithms/hhf.ts';
import { lfu } from '../../bench/decisions/algorithms/lfu.ts';
import { LRU } from '../../bench/decisions/algorithms/lru.ts';
import { OVS_REBALANCER } from '../../bench/decisions/algorithms/ovs-rebalancer.ts';
import { PLAIN_OVS } from '../../bench/decisions/algorithms/plain-ovs.ts';
import {
  SFLOW_ELEPHANTS,
  TUNED_ELEPHANTS,
} from '../../bench/decisions/algorithms/sflow-elephants.ts';
import { topK } from '../../bench/decisions/algorithms/top-k.ts';
import { IDEAL } from '../../bench/decisions/game/hardware.ts';
import { run } from '../../bench/decisions/game/run.ts';
import { sightings } from '../../bench/decisions/traces/sightings.ts';
import { drive, repeat } from '../support/driven-tables.ts';
import { traceOf } from '../support/traces.ts';

describe('the algorithms of the decisions bench', () => {
  it('top-K: the best of the last window, and no flow is moved without need', async () => {
    const { placed, operations } = await drive(
      topK('packets'),
      [
        [5, 5, 0, 1],
        [4, 6, 0, 0],
        [3, 7, 0, 9],
      ],
      2,
    );
    assert.deepEqual(placed, [
      [0, 1],
      [1, 2],
      [1, 2],
      [0, 2],
    ]);
    assert.deepEqual(operations, [2, 2, 0, 2]);
  });

  it('top-K: on ties, flows with an entry stay', async () => {
    const { operations } = await drive(topK('bytes'), repeat(5, repeat(6, 3)), 2);
    assert.deepEqual(operations, [2, 0, 0, 0, 0, 0]);
  });

  it('LRU: the flows of the latest packets, however few they sent', async () => {
    const { placed } = await drive(
      LRU,
      [
        [1000, 0, 1],
        [999, 0, 0],
        [0, 1, 0],
      ],
      2,
    );
    assert.deepEqual(placed, [
      [0, 1],
      [0, 2],
      [0, 2],
    ]);
  });

  it('LFU: many packets long ago outlast a few now, until they have aged', async () => {
    const { placed } = await drive(
      lfu(2000),
      [
        [40, 0, 0, 0, 0, 0],
        [0, 12, 12, 12, 12, 12],
      ],
      1,
    );
    // Halved at 2, 4 and 6 s: 40, 20, 20, 10 against 12, 6 + 12, ...
    assert.deepEqual(placed, [[0], [0], [0], [1], [1], [1]]);
  });

  it('ElephantTrap: flows that are often sampled stay, mice pass through', async () => {
    const windows = 20;
    const elephants = repeat(4, repeat(windows, 1000));
    const mice = Array.from({ length: 200 }, (_, i) =>
      Array.from({ length: windows }, (_, w) => (i % windows === w ? 5 : 0)),
    );
    const { placed } = await drive(elephantTrap(16), [...elephants, ...mice], 8);
    for (const flows of placed.slice(5)) assert.deepEqual(flows.slice(0, 4), [0, 1, 2, 3]);
  });

  it('OVS: first come, first served; refused flows are not tried again', async () => {
    const late = [0, 9, ...repeat(12, 9)];
    const { placed } = await drive(
      PLAIN_OVS,
      [[1, ...repeat(13, 0)], [1, ...repeat(13, 1)], late],
      2,
    );
    assert.deepEqual(placed[0], [0, 1]);
    assert.deepEqual(placed[1], [0, 1]);
    // Flow 0 has been idle for ten seconds: its entry is free, and stays so.
    assert.deepEqual(placed[10], [1]);
    assert.deepEqual(placed[13], [1]);
  });

  it("OVS's rebalancer: does nothing while no flow was refused", async () => {
    const { operations } = await drive(OVS_REBALANCER, [repeat(9, 1), repeat(9, 100)], 2);
    assert.deepEqual(operations, [2, ...repeat(8, 0)]);
  });

  it("OVS's rebalancer: every 3 s swaps pairs in which the flow outside is the faster", async () => {
    const packets = [repeat(7, 30), repeat(7, 3), repeat(7, 60), repeat(7, 2)];
    const { placed, operations } = await drive(OVS_REBALANCER, packets, 2);
    assert.deepEqual(operations, [2, 0, 2, 0, 0, 0, 0]);
    assert.deepEqual(placed[1], [0, 1]);
    assert.deepEqual(placed[2], [0, 2]);
  });

  it("OVS's rebalancer: compares whole packets/s, so a fraction more moves no flow", async () => {
    const { operations } = await drive(OVS_REBALANCER, [repeat(7, 1), [2, 1, 1, 2, 1, 1, 1]], 1);
    assert.deepEqual(operations, [1, 0, 0, 0, 0, 0, 0]);
  });

  it("OVS's rebalancer: fills free entries in its next round, even with idle flows", async () => {
    const gone = [1, ...repeat(14, 0)];
    const slow = Array.from({ length: 15 }, (_, w) => (w % 3 === 0 ? 1 : 0));
    const { placed } = await drive(OVS_REBALANCER, [gone, repeat(15, 5), slow], 2);
    assert.deepEqual(placed[9], [0, 1]);
    assert.deepEqual(placed[10], [1]);
    assert.deepEqual(placed[11], [1, 2]);
  });

  it("OVS's rebalancer: never swaps more than 1,024 pairs in a round", async () => {
    const slow = repeat(1500, repeat(6, 3));
    const fast = repeat(1500, repeat(6, 30));
    const { operations } = await drive(OVS_REBALANCER, [...slow, ...fast], 1500);
    assert.deepEqual(operations, [1500, 0, 2048, 0, 0, 2 * (1500 - 1024)]);
  });

  it("sFlow-RT's script: in above 10% of the link over 0.2 s, out after 2 s of silence", async () => {
    // 25,000 packets of 1,000 bytes in a window are 1 Gbit/s over 0.2 s.
    const { placed } = await drive(
      SFLOW_ELEPHANTS,
      [
        [25_000, 1, 0, 0, 0],
        [24_999, 24_999, 24_999, 24_999, 24_999],
      ],
      8,
    );
    assert.deepEqual(placed, [[0], [0], [0], [], []]);
  });

  it("Linux's heavy-hitter filter: in from 128 KiB on, out after 1 s of silence", async () => {
    const { placed } = await drive(
      HHF,
      [
        [132, 1, 0, 0],
        [131, 131, 131, 131],
      ],
      8,
    );
    assert.deepEqual(placed, [[0], [0], [], []]);
  });

  it('thresholds: a full table accepts no flow, the largest come first', async () => {
    const { placed } = await drive(HHF, [[200, 200, 0, 0, 0], repeat(5, 300), repeat(5, 400)], 1);
    assert.deepEqual(placed, repeat(5, [2]));
  });

  it('tuned elephants: thresholds that some multiple of the entries exceeds', async () => {
    const packets = Array.from({ length: 40 }, (_, i) => repeat(4, i + 1));
    const trace = traceOf(packets);
    const admitted: number[] = [];
    for (const member of TUNED_ELEPHANTS.members(trace, 8)) {
      let entries = 0;
      const { serviceOf } = trace;
      const context = { flows: 40, entries: 40, windowMs: 1000, hardware: IDEAL, serviceOf };
      const placer = member.create(context);
      const counting: Algorithm = {
        name: member.name,
        create: () => ({
          decide: async (view) => {
            await placer.decide(view);
            entries = view.table.size;
          },
        }),
      };
      await run(counting, trace, sightings(trace), { entries: 40 });
      admitted.push(entries);
    }
    assert.deepEqual(admitted, [2, 4, 8, 16, 32]);
  });
});
