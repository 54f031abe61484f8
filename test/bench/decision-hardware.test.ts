import assert from 'node:assert/strict';
import type { Algorithm } from '../../bench/decisions/game/algorithm.ts';
import { EntryTable } from '../../bench/decisions/game/entry-table.ts';
import type { Hardware } from '../../bench/decisions/game/hardware.ts';
import { LateCounters, type Seen } from '../../bench/decisions/game/late-counters.ts';
import { run } from '../../bench/decisions/game/run.ts';
import { DecisionOptionError, scopeOf } from '../../bench/decisions/options.ts';
import { sightings } from '../../bench/decisions/traces/sightings.ts';
import { PACKET, traceOf } from '../support/traces.ts';

/** A table that knows the flows 0 to `flows` - 1. */
function tableOf(entries: number, flows: number, hardware?: Hardware) {
  const table = new EntryTable(entries, flows, hardware);
  for (let flow = 0; flow < flows; flow++) table.appear(flow);
  return table;
}

/** The same number of packets of each flow; its last packet is `lastMs` after the window's start. */
function sent(packets: number, lastMs: number, ...flows: number[]): Seen {
  return {
    senders: Uint32Array.from(flows),
    bytes: Float64Array.from(flows, () => packets * PACKET),
    packets: Float64Array.from(flows, () => packets),
    lastMs: Float32Array.from(flows, () => lastMs),
  };
}

/** Packets and time of the last packet by flow. */
function shown({ senders, packets, lastMs }: Seen): Record<number, readonly [number, number]> {
  return Object.fromEntries(
    Array.from(senders, (flow, i): [number, readonly [number, number]] => [
      flow,
      [packets[i], lastMs[i]],
    ]),
  );
}

describe('the hardware of the decisions bench', () => {
  it('refuses flows of a full bucket as if the table were full, and accepts others', () => {
    const table = tableOf(64, 200, { name: 'test', layout: { kind: 'buckets', ways: 4 } });
    const answers = Array.from({ length: 200 }, (_, flow) => table.offer(flow));
    const firstRefusal = answers.indexOf('table-full');
    assert.ok(firstRefusal >= 4 && firstRefusal < 64, `${firstRefusal}`);
    assert.ok(answers.lastIndexOf('placed') > firstRefusal);
    assert.ok(table.size <= 64);
    table.evict(answers.indexOf('placed'));
    const before = table.size;
    for (let flow = 0; flow < 200; flow++) table.offer(flow);
    assert.ok(table.size > before, 'the place is used again');
  });

  it('refuses flows whose probes all hit used entries, more of them with fewer probes', () => {
    const filled = [1, 4, 64].map((probeDepth) => {
      const table = tableOf(64, 60, {
        name: 'test',
        layout: { kind: 'double-hashing', probeDepth },
      });
      const answers = Array.from({ length: 60 }, (_, flow) => table.offer(flow));
      assert.ok(answers.every((answer) => answer === 'placed' || answer === 'probe-depth'));
      return table.size;
    });
    assert.ok(filled[0] < filled[1] && filled[1] < filled[2], filled.join());
    assert.equal(filled[2], 60);
  });

  it('takes time for each operation, refused ones included', () => {
    const table = tableOf(1, 3, { name: 'test', operationsPerSecond: 10 });
    table.proceedTo(1000);
    table.place(0);
    table.place(1);
    table.evict(0);
    table.place(2);
    // 0 at 1100, 1 refused at 1200, 0 removed at 1300, 2 at 1400 ms.
    assert.deepEqual(
      [0, 1].map((flow) => table.partInEffect(flow, 1000, 2000)),
      [0, 0],
    );
    assert.equal(table.partInEffect(2, 1000, 2000), 0.6);
    assert.equal(table.partInEffect(2, 1400, 2000), 1);
    assert.equal(table.partInEffect(2, 1000, 1300), 0);
    table.proceedTo(1399);
    assert.equal(table.isBusy, true);
    table.proceedTo(1400);
    assert.equal(table.isBusy, false);
  });

  it('shows what flows with an entry sent when the device publishes it', () => {
    const table = tableOf(1, 2);
    table.place(0);
    const counters = new LateCounters({ name: 'test', counterDelayMs: 500, resolutionMs: 10 });
    assert.deepEqual(shown(counters.read(sent(3, 207, 0, 1), table, 0, 250)), { 1: [3, 207] });
    assert.deepEqual(shown(counters.read(sent(4, 99, 0, 1), table, 250, 500)), {
      0: [7, 90],
      1: [4, 99],
    });
    assert.deepEqual(shown(counters.read(sent(1, 5), table, 500, 750)), {});
    assert.deepEqual(shown(counters.read(sent(1, 5), table, 750, 1000)), {});
  });

  it('shows what a flow sent on both paths together, and nothing of a flow that is gone', () => {
    const table = tableOf(2, 2);
    table.place(0);
    table.place(1);
    const counters = new LateCounters({ name: 'test', counterDelayMs: 500 });
    counters.read(sent(3, 200, 0, 1), table, 0, 250);
    table.evict(0);
    table.disappear(1);
    assert.deepEqual(shown(counters.read(sent(5, 100, 0), table, 250, 500)), { 0: [8, 100] });
  });

  it('credits an entry for the time that it is in effect, less heartbeats', async () => {
    const trace = traceOf([[100, 100, 100]]);
    const first: Algorithm = {
      name: 'first',
      create: () => ({
        decide: ({ table }) => {
          table.place(0);
        },
      }),
    };
    const covered = async (hardware: Hardware): Promise<number> => {
      const seen = sightings(trace);
      return (await run(first, trace, seen, { entries: 1, hardware })).packetCoverage;
    };
    const close = (a: number, b: number): void => assert.ok(Math.abs(a - b) < 1e-9, `${a}, ${b}`);
    close(await covered({ name: 'test', operationsPerSecond: 2 }), 150 / 300);
    close(await covered({ name: 'test', heartbeatMs: 100 }), 180 / 300);
  });

  it('is chosen by name', () => {
    const names = (hardware?: string) =>
      scopeOf({ hardware }, true).hardware.map(({ name }) => name);
    assert.deepEqual(names(), ['ideal']);
    assert.deepEqual(names('ways-4,late-500'), ['ways-4', 'late-500']);
    assert.throws(() => names('late-1'), DecisionOptionError);
  });
});
