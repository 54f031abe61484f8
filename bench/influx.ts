import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { FieldType, type IPoint, InfluxDB } from 'influx';
import type { PathUse, TickAccounts } from '../telemetry/accounts/tick-accounts.ts';
import { InfluxClient } from '../telemetry/influx/client.ts';
import { LineQueue } from '../telemetry/shipping/queue.ts';
import { InfluxRecorder } from '../telemetry/influx/recorder.ts';
import { median } from './support/measuring.ts';
import { NodeScene, PORTS, SLICES } from './node-scene.ts';
import { type BenchOptions, type BenchReport, compare } from './support/report.ts';

const DATABASE = 'bench';
const QUEUE = { lines: 1_000_000, bytes: 1e9 };

/**
 * Time that one round of points blocks the event loop: into our queue, and sent from it; compared
 * with the `influx` package and the points of the paths of all slices and ports (fewer than ours),
 * with a schema, objects and `writePoints`.
 */
export async function run({ quick, signal }: BenchOptions): Promise<BenchReport> {
  const scene = new NodeScene(quick ? 10_000 : 100_000);
  const rounds = quick ? 10 : 40;
  const server = await listening();
  const { url, port } = server;
  const client = new InfluxClient({ url, database: DATABASE, timeoutMs: 5_000 });
  const peer = peerAt(port);
  const queue = new LineQueue(QUEUE);
  const recorder = new InfluxRecorder({
    node: 'bench',
    periodMs: 1,
    topFlows: 100,
    write: (line) => void queue.push(line),
    wall: Date.now,
  });
  const times = { queued: [] as number[], sent: [] as number[], peer: [] as number[] };
  let lines = 0;
  let bytes = 0;
  let points = 0;
  try {
    for (let round = 0; round < rounds; round++) {
      signal.throwIfAborted();
      const report = scene.tick();
      const one = async (): Promise<void> => {
        const queued = timed(() => recorder.addTick(report, scene.accounts));
        const batch = queue.takeBatch(QUEUE);
        const sent = timed(() => client.write(batch.lines, signal));
        await sent.result;
        lines = batch.lines.length;
        bytes = batch.bytes;
        times.queued.push(queued.ms);
        times.sent.push(queued.ms + sent.ms);
      };
      const other = async (): Promise<void> => {
        const written = timed(() => {
          const written = pointsOf(scene.accounts);
          points = written.length;
          return peer.writePoints(written, { precision: 'ms' });
        });
        await written.result;
        times.peer.push(written.ms);
      };
      // Garbage of the tick itself belongs to neither and affects both equally.
      await sleep(20);
      for (const measure of round % 2 === 0 ? [one, other] : [other, one]) await measure();
    }
  } finally {
    client.close();
    server.close();
  }
  const ours = { queued: median(times.queued), sent: median(times.sent) };
  const theirs = median(times.peer);
  return {
    name: 'influx',
    comparisons: [
      compare('a round into the queue', { ours: ours.queued, peer: theirs }, 'ms', 'lower'),
      compare('a round, sent', { ours: ours.sent, peer: theirs }, 'ms', 'lower'),
    ],
    notes: [
      `${SLICES} slices, ${PORTS} ports: ${lines} points, ${bytes} bytes; peer: influx 5.12 writePoints, ${points} points`,
      `median of ${rounds} rounds, worst ${Math.max(...times.queued).toFixed(2)} ms into the queue`,
    ],
  };
}

function timed<T>(work: () => T): { readonly result: T; readonly ms: number } {
  const startedMs = performance.now();
  const result = work();
  return { result, ms: performance.now() - startedMs };
}

/** A server that accepts everything immediately. */
async function listening(): Promise<{ url: string; port: number; close(): void }> {
  const server: Server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(204).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${address.port}`, port: address.port, close };
}

const TRAFFIC = {
  bytes: FieldType.INTEGER,
  packets: FieldType.INTEGER,
  bits_per_second: FieldType.FLOAT,
  packets_per_second: FieldType.FLOAT,
};

const SHARE = {
  weight: FieldType.FLOAT,
  guaranteed: FieldType.INTEGER,
  maximum: FieldType.INTEGER,
  wanted: FieldType.INTEGER,
  share: FieldType.INTEGER,
  used: FieldType.INTEGER,
};
const LIMIT = {
  bits_per_second: FieldType.FLOAT,
  expected_bits_per_second: FieldType.FLOAT,
  expected_packets_per_second: FieldType.FLOAT,
};
const REASON = {
  flows: FieldType.INTEGER,
  waiting: FieldType.INTEGER,
  moves: FieldType.INTEGER,
};

function peerAt(port: number): InfluxDB {
  const tags = ['node', 'slice', 'port', 'path', 'direction', 'backend', 'limit', 'reason'];
  const measurements = {
    path: TRAFFIC,
    slice: TRAFFIC,
    port: TRAFFIC,
    share: SHARE,
    limit: LIMIT,
    reason: REASON,
  };
  return new InfluxDB({
    host: '127.0.0.1',
    port,
    database: DATABASE,
    schema: Object.entries(measurements).map(([measurement, fields]) => ({
      measurement,
      database: DATABASE,
      fields,
      tags,
    })),
  });
}

function pointsOf({ paths, slices, ports, tables, reasons }: TickAccounts): IPoint[] {
  const timestamp = new Date();
  const node = 'bench';
  const point = (measurement: string, tags: Record<string, string>, use: PathUse): IPoint => ({
    measurement,
    tags: { node, path: use.path, ...tags },
    fields: {
      bytes: use.bytes,
      packets: use.packets,
      bits_per_second: use.bitsPerSecond,
      packets_per_second: use.packetsPerSecond,
    },
    timestamp,
  });
  return [
    ...paths.map((use) => point('path', {}, use)),
    ...slices.flatMap((s) => s.paths.map((use) => point('slice', { slice: s.name }, use))),
    ...ports.flatMap(({ name, rx }) => rx.map((use) => point('port', { port: name }, use))),
    ...tables.flatMap(({ backend, shares }) =>
      shares.map(({ slice, ...fields }) => ({
        measurement: 'share',
        tags: { node, backend, slice },
        fields,
        timestamp,
      })),
    ),
    ...tables.flatMap(({ backend, limits }) =>
      limits.map((limit) => ({
        measurement: 'limit',
        tags: { node, backend, limit: limit.name },
        fields: {
          bits_per_second: limit.bitsPerSecond,
          expected_bits_per_second: limit.expectedBitsPerSecond,
          expected_packets_per_second: limit.expectedPacketsPerSecond,
        },
        timestamp,
      })),
    ),
    ...reasons.map(({ reason, ...fields }) => ({
      measurement: 'reason',
      tags: { node, reason },
      fields,
      timestamp,
    })),
  ];
}
