import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { parseConfig } from '../../../config/load-config.ts';
import { createDaemon } from '../../../daemon/daemon.ts';
import { InfluxSink } from '../../../daemon/influx/influx-sink.ts';
import type { Daemon } from '../../../daemon/lifecycle.ts';
import { packageRoot } from '../../../platform/package-root.ts';
import { MEASUREMENTS } from '../../../telemetry/influx/measurements.ts';
import { decisionOf } from '../../support/fake-view.ts';
import { recordingLog } from '../../support/quiet-log.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { Drive } from '../../telemetry/influx/drive.ts';
import { drips, FakeInflux, hangs, resets, says } from '../../telemetry/influx/fake-influx.ts';
import { parseLine, type Point } from '../../telemetry/influx/parse-line.ts';
import { eventually } from '../../support/eventually.ts';

const NEVER = new AbortController().signal;

describe('InfluxDB, from the daemon', () => {
  const folder = temporaryFolder();
  let servers: FakeInflux[] = [];
  /** The running daemon, to stop after a failed test. */
  let running: Daemon | undefined;

  afterEach(async () => {
    await running?.stop();
    running = undefined;
    await Promise.all(servers.map((server) => server.stop()));
    servers = [];
  });
  after(() => folder.remove());

  async function server(): Promise<FakeInflux> {
    const fake = await FakeInflux.start();
    servers.push(fake);
    return fake;
  }

  function configFor(influx: object) {
    return parseConfig(
      JSON.stringify({
        node: { adapter: 'emulator', emulator: { vms: 6, maxFlows: 400 } },
        policies: [join(packageRoot(), 'policies', 'default.json')],
        poll: { periodMs: 30, sourceShare: 0.5 },
        influx: { database: 'norikae', periodMs: 30, batch: { waitMs: 20 }, ...influx },
      }),
      join(folder.path, 'norikae.json'),
    );
  }

  it('2.x: writes the documented measurements with a token only, and does not disclose it', async () => {
    const token = 'c2VzYW1lLW9wZW4=';
    writeFileSync(join(folder.path, 'token'), `${token}\n`);
    chmodSync(join(folder.path, 'token'), 0o600);
    const fake = await server();
    fake.next.push(says(401, `unauthorized access with ${token}`));
    const { log, lines } = recordingLog();
    const config = configFor({
      url: fake.url,
      tokenFile: 'token',
      topFlows: 5,
      retry: { minMs: 20, maxMs: 20 },
    });
    const daemon = await createDaemon(config, log);
    running = daemon;
    await daemon.start(NEVER);
    await eventually('points', () => fake.written.length > 500);
    const status = daemon.view.status();
    const { text } = await daemon.metrics.expose();
    await daemon.stop();
    running = undefined;
    for (const { path, query, authorization } of fake.requests) {
      assert.equal(path, '/write');
      assert.deepEqual([...query], [['db', 'norikae']]);
      assert.equal(authorization, `Token ${token}`);
    }
    const seen = new Set<string>();
    for (const point of fake.written.map(parseLine)) {
      seen.add(point.measurement);
      assertDescribed(point);
    }
    for (const name of ['norikae_node', 'norikae_path', 'norikae_slice', 'norikae_port']) {
      assert.ok(seen.has(name), name);
    }
    assert.doesNotMatch(JSON.stringify([lines, status, text]), new RegExp(token));
    assert.match(JSON.stringify(lines), /unauthorized access with \*\*\*/);
    assert.equal(status.influx?.failures, 1);
  });

  it('warns when its secret would be sent unencrypted over the network', async () => {
    writeFileSync(join(folder.path, 'token'), 'sesame\n');
    chmodSync(join(folder.path, 'token'), 0o600);
    const warnings = async (influx: object): Promise<number> => {
      const { log, lines } = recordingLog();
      await sinkFor(influx, log);
      assert.doesNotMatch(JSON.stringify(lines), /sesame/);
      return lines.filter((line) => line.level === 'warn').length;
    };
    const tokenFile = 'token';
    assert.equal(await warnings({ url: 'http://192.0.2.1:8086', tokenFile }), 1);
    assert.equal(await warnings({ url: 'http://192.0.2.1:8086' }), 0);
    assert.equal(await warnings({ url: 'https://192.0.2.1:8086', tokenFile }), 0);
    assert.equal(await warnings({ url: 'http://127.0.0.1:8086', tokenFile }), 0);
    assert.equal(await warnings({ url: 'http://[::1]:8086', tokenFile }), 0);
  });

  it('costs no more time per tick when the server hangs, resets, drips or is unreachable', async () => {
    const ways = { well: says(204), hangs, resets, drips, errs: says(500) };
    const sinks = new Map<string, InfluxSink>();
    for (const [name, answer] of Object.entries(ways)) {
      const fake = await server();
      fake.answer = answer;
      // Small enough to overflow constantly while nothing is written.
      sinks.set(name, await sinkFor({ url: fake.url, queue: { points: 2_000, bytes: 1e6 } }));
    }
    sinks.set(
      'gone',
      await sinkFor({ url: 'http://127.0.0.1:1', queue: { points: 2_000, bytes: 1e6 } }),
    );
    const times = new Map([...sinks.keys()].map((name): [string, number[]] => [name, []]));
    const drive = new Drive();
    for (const sink of sinks.values()) sink.start();
    try {
      const order = [...sinks];
      for (let tick = 0; tick < 100; tick++) {
        const { report, accounts } = drive.next([{ n: 1, packets: tick, bytes: tick * 100 }]);
        // Rotates the order, so that other load affects all sinks equally.
        order.push(...order.splice(0, 1));
        for (const [name, sink] of order) {
          const startedMs = performance.now();
          sink.observe(report, accounts);
          for (let i = 0; i < 50; i++) sink.decision(decisionOf());
          times.get(name)?.push(performance.now() - startedMs);
        }
        await sleep(5);
      }
    } finally {
      await Promise.all([...sinks.values()].map((sink) => sink.close()));
    }
    const wellMs = median(times.get('well') ?? []);
    for (const [name, sink] of sinks) {
      const ms = median(times.get(name) ?? []);
      assert.ok(ms < 2 * wellMs + 0.2, `${name}: ${ms} ms, and ${wellMs} ms when all is well`);
      const { dropped, queuedPoints, written } = sink.view();
      assert.equal(queuedPoints, 0, 'closed');
      if (name === 'well') assert.ok(written > 3_000, `${written} written`);
      else assert.ok(dropped.queue > 3_000 && written === 0, `${name}: ${dropped.queue} dropped`);
    }
  });

  function sinkFor(influx: object, log = recordingLog().log): Promise<InfluxSink> {
    const { influx: config } = configFor({
      timeoutMs: 1_000,
      retry: { minMs: 10, maxMs: 50 },
      stopMs: 500,
      batch: { points: 500, waitMs: 5 },
      ...influx,
    });
    assert.ok(config !== undefined);
    return InfluxSink.create({
      config,
      registry: new Registry(),
      log,
      wall: Date.now,
    });
  }
});

/** Measurement, tags and fields are in the list, and each field has its type. */
function assertDescribed({ measurement, tags, types, fields, time }: Point): void {
  const described = new Map(Object.entries(MEASUREMENTS)).get(measurement);
  assert.ok(described !== undefined, measurement);
  for (const tag of Object.keys(tags)) assert.ok(tag === 'node' || tag in described.tags, tag);
  const declared = new Map(
    Object.entries<{ readonly type: string }>(described.fields).map(([name, f]) => [name, f.type]),
  );
  for (const [field, type] of Object.entries(types)) {
    assert.equal(declared.get(field), type === 'string' ? 'text' : type, `${measurement}.${field}`);
    const value = fields[field];
    assert.ok(typeof value !== 'number' || Number.isFinite(value), field);
  }
  assert.match(time, /^\d{19}$/);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
