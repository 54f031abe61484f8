import assert from 'node:assert/strict';
import { EntryTable, KEY_WORDS } from '../../../../adapters/nic/core/entry-table.ts';
import { VALUE_WORDS } from '../../../../adapters/nic/core/entry-value.ts';
import { Libbpf } from '../../../../adapters/nic/core/libbpf.ts';
import { STATS_BYTES, STATS_WORD, u32 } from '../../../../adapters/nic/core/records.ts';
import { StatsReader } from '../../../../adapters/nic/core/stats-reader.ts';
import { StatsSlots } from '../../../../adapters/nic/core/stats-slots.ts';
import { flowId } from '../../../support/flows.ts';
import { needs } from '../../../support/needs.ts';

/** BPF_MAP_TYPE_PERCPU_ARRAY. */
const PERCPU_ARRAY = 6;
const SLOTS = 4;
const DAY_MS = 86_400_000;

/** What one CPU counted of a slot. */
interface Counted {
  readonly packets: number;
  readonly bytes: number;
  readonly lastNs: bigint;
}

describe('XDP statistics', () => {
  let libbpf: Libbpf;
  let fd: number;
  let cpus: number;
  let slots: StatsSlots;
  let entries: EntryTable;
  let reader: StatsReader;

  before(function () {
    needs(this, 'root', 'xdp');
    libbpf = new Libbpf();
    cpus = libbpf.possibleCpus();
  });

  beforeEach(() => {
    fd = libbpf.createMap(PERCPU_ARRAY, 'stats', 4, STATS_BYTES, SLOTS);
    slots = new StatsSlots(SLOTS);
    entries = new EntryTable(SLOTS, SLOTS);
    reader = new StatsReader(libbpf, fd, slots, entries);
  });

  afterEach(() => {
    if (fd !== undefined) libbpf.close(fd);
  });

  /** Adds a flow's entry; returns its slot. */
  function enter(n: number): number {
    const slot = slots.allocate();
    const key = new Uint32Array(KEY_WORDS).fill(n);
    entries.add(slot, flowId(n), key, new Uint32Array(VALUE_WORDS), n);
    return slot;
  }

  /** Writes what the first CPUs counted, and zero for the others. */
  function count(slot: number, ...counted: readonly Counted[]): void {
    const words = new BigUint64Array((cpus * STATS_BYTES) / 8);
    for (const [cpu, { packets, bytes, lastNs }] of counted.entries()) {
      const at = (cpu * STATS_BYTES) / 8;
      words[at + STATS_WORD.packets / 2] = BigInt(packets);
      words[at + STATS_WORD.bytes / 2] = BigInt(bytes);
      words[at + STATS_WORD.lastNs / 2] = lastNs;
    }
    libbpf.update(fd, u32(slot), new Uint8Array(words.buffer), 'stats');
  }

  /** Flow, packets, bytes and idle time of all reports. */
  function reportsAt(nowMs: number): readonly (readonly number[])[] {
    const rows: number[][] = [];
    const sink = {
      carried: (...[, , , w3, packets, bytes, idleMs]: readonly number[]) =>
        void rows.push([w3, packets, bytes, idleMs]),
    };
    reader.read(sink, nowMs);
    return rows;
  }

  const ns = (ms: number) => BigInt(ms) * 1_000_000n;

  it('reports the time since the latest packet on any CPU', function () {
    if (cpus < 2) this.skip();
    const slot = enter(1);
    count(
      slot,
      { packets: 1, bytes: 100, lastNs: ns(5_000) },
      { packets: 2, bytes: 200, lastNs: ns(4_000) },
    );
    assert.deepEqual(reportsAt(5_250), [[1, 3, 300, 250]]);
    count(
      slot,
      { packets: 1, bytes: 100, lastNs: ns(5_000) },
      { packets: 3, bytes: 300, lastNs: ns(6_000) },
    );
    assert.deepEqual(reportsAt(6_001), [[1, 1, 100, 1]]);
  });

  it('is exact to the microsecond on a host that has been up for years', () => {
    const lastMs = 3_000 * DAY_MS;
    count(enter(1), { packets: 1, bytes: 100, lastNs: ns(lastMs) + 500_000n });
    const [[, , , idleMs]] = reportsAt(lastMs + 100);
    assert.ok(Math.abs(idleMs - 99.5) < 0.001, `${idleMs} ms`);
  });

  it('reports no time in the future, and none when it is unknown', () => {
    count(enter(1), { packets: 1, bytes: 100, lastNs: ns(5_000) });
    count(enter(2), { packets: 1, bytes: 100, lastNs: 0n });
    assert.deepEqual(reportsAt(4_999), [
      [1, 1, 100, 0],
      [2, 1, 100, -1],
    ]);
  });

  it('forgets the time of the flow that had the slot before', () => {
    const slot = enter(1);
    count(slot, { packets: 9, bytes: 900, lastNs: ns(5_000) });
    entries.remove(slot);
    slots.drain(slot, 5_000);
    assert.deepEqual(reportsAt(6_000), [[1, 9, 900, 1_000]]);
    assert.ok(!slots.inUse(slot));
    const kernel = new Uint8Array(cpus * STATS_BYTES);
    assert.ok(libbpf.lookup(fd, u32(slot), kernel, 'stats'));
    assert.deepEqual(kernel, new Uint8Array(kernel.length));

    assert.equal(enter(2), slot);
    assert.deepEqual(reportsAt(6_500), [], 'nothing carried, nothing reported');
    count(slot, { packets: 1, bytes: 100, lastNs: ns(6_600) });
    assert.deepEqual(reportsAt(6_700), [[2, 1, 100, 100]]);
  });
});
