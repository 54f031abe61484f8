import assert from 'node:assert/strict';
import { InfluxClient } from '../../../telemetry/influx/client.ts';
import { BatchWriter } from '../../../telemetry/shipping/writer.ts';
import { needs } from '../../support/needs.ts';
import { RealInflux } from './real-influx.ts';
import { eventually } from '../../support/eventually.ts';

const AT_MS = Date.UTC(2026, 0, 1);
const NEVER = new AbortController().signal;
const LOG = { info: () => undefined, warn: () => undefined };

describe('an outage of a real InfluxDB', () => {
  let influx: RealInflux;
  let client: InfluxClient;
  const writers: BatchWriter[] = [];

  before(async function () {
    needs(this, 'influxd');
    influx = await RealInflux.start();
    client = new InfluxClient({ url: influx.url, database: 'd', timeoutMs: 2_000 });
    await client.createDatabase(NEVER);
  });

  // The writer of a failed test would retry forever.
  afterEach(() => Promise.all(writers.splice(0).map((writer) => writer.close(0))));

  after(async () => {
    client?.close();
    await influx?.remove();
  });

  function writerOf(points: number, sink = client): BatchWriter {
    const writer = new BatchWriter({
      sink,
      prepare: () => Promise.resolve(),
      queue: { lines: points, bytes: 1e8 },
      batch: { lines: 50, bytes: 1e6, waitMs: 10 },
      retry: { minMs: 20, maxMs: 50 },
      log: LOG,
      names: { server: 'InfluxDB', items: 'points' },
      wall: Date.now,
    });
    writers.push(writer);
    return writer;
  }

  function add(writer: BatchWriter, measurement: string, from: number, to: number): void {
    for (let n = from; n <= to; n++) writer.add(`${measurement} n=${n}i ${AT_MS + n}000000`);
  }

  async function numbers(measurement: string): Promise<readonly number[]> {
    const rows = await influx.query(`SELECT n FROM ${measurement} ORDER BY time`, 'd');
    return rows.map((row) => Number(row.n));
  }

  it('loses nothing that fits into the queue, and beyond it the oldest points, counted exactly', async () => {
    const writer = writerOf(200);
    writer.start();
    add(writer, 'm', 1, 100);
    await eventually('the first', () => writer.state.written === 100);
    await influx.down();
    add(writer, 'm', 101, 250);
    await eventually('a failure', () => writer.state.failures.unreachable >= 2);
    assert.equal(writer.state.dropped.queue, 0);
    add(writer, 'm', 251, 420);
    await eventually('a failure', () => writer.state.failures.unreachable >= 4);
    assert.deepEqual(writer.state.dropped, { queue: 120, refused: 0, end: 0 });
    await influx.up();
    await eventually('the rest', () => writer.state.written === 300);
    await writer.close(1_000);
    assert.deepEqual(await numbers('m'), [...range(1, 100), ...range(221, 420)]);
  });

  it('during writes leaves each point in the database exactly once', async () => {
    const writer = writerOf(100_000);
    writer.start();
    let n = 0;
    for (let round = 0; round < 6; round++) {
      add(writer, 'k', n + 1, n + 400);
      n += 400;
      if (round % 2 === 0) await influx.down();
      else await influx.up();
    }
    await eventually('all', () => writer.state.written === n);
    await writer.close(1_000);
    assert.deepEqual(await numbers('k'), range(1, n));
  });

  it('is distinguished from refused points', async () => {
    await influx.query('CREATE RETENTION POLICY hour ON d DURATION 1h REPLICATION 1');
    const target = { url: influx.url, database: 'd', retentionPolicy: 'hour', timeoutMs: 2_000 };
    const brief = new InfluxClient(target);
    const writer = writerOf(100, brief);
    writer.start();
    const nowMs = Date.now();
    const batches = [
      ['r n=1i 1000000000000000000', `r n=2i ${nowMs}000000`],
      [`r n=3 ${nowMs + 1}000000`, `r n=4i ${nowMs + 2}000000`],
      // Conflicting types within one request: InfluxDB refuses all of it.
      [`s n=1 ${nowMs}000000`, `s n=2i ${nowMs}000001`, `s n=3 ${nowMs}000002`],
      [`r n=5i ${nowMs + 3}000000`, `r n= ${nowMs + 4}000000`],
    ];
    let added = 0;
    for (const batch of batches) {
      for (const line of batch) writer.add(line);
      added += batch.length;
      await eventually('it', () => writer.state.written + writer.state.dropped.refused === added);
    }
    await writer.close(1_000);
    brief.close();
    const rows = await influx.query('SELECT n FROM d.hour.r, d.hour.s');
    assert.equal(rows.length, writer.state.written);
    assert.deepEqual(
      rows.map((row) => Number(row.n)).toSorted((a, b) => a - b),
      [1, 2, 3, 4, 5],
    );
    assert.deepEqual(writer.state.dropped, { queue: 0, refused: 4, end: 0 });
    assert.deepEqual(Object.values(writer.state.failures), [0, 0, 0, 0, 0]);
  });
});

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
