import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '../../../config/load-config.ts';
import type { InfluxView } from '../../../api/status-view.ts';
import { createDaemon } from '../../../daemon/daemon.ts';
import type { Daemon } from '../../../daemon/lifecycle.ts';
import { packageRoot } from '../../../platform/package-root.ts';
import { MEASUREMENTS } from '../../../telemetry/influx/measurements.ts';
import { recordingLog } from '../../support/quiet-log.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { needs } from '../../support/needs.ts';
import { FakeInflux } from '../../telemetry/influx/fake-influx.ts';
import { parseLine, type Point } from '../../telemetry/influx/parse-line.ts';
import { RealInflux } from '../../telemetry/influx/real-influx.ts';
import { eventually } from '../../support/eventually.ts';

const NEVER = new AbortController().signal;
const NODE = 'node one, "x"=1\\';

describe('a daemon that writes to InfluxDB', () => {
  const folder = temporaryFolder();
  let influx: RealInflux;
  /** A proxy in front of InfluxDB that records requests. */
  let between: FakeInflux;
  const { log, lines } = recordingLog();

  before(async function () {
    needs(this, 'influxd');
    influx = await RealInflux.start({ auth: true });
    await influx.query(`CREATE USER root WITH PASSWORD 'sesame' WITH ALL PRIVILEGES`);
    influx.login('root', 'sesame');
    between = await FakeInflux.start();
    between.answer = (response, asked) => void forward(influx.url, response, asked);
  });

  after(async () => {
    await between?.stop();
    await influx?.remove();
    folder.remove();
  });

  it('loses no point through an outage and a restart of InfluxDB', async function () {
    this.timeout(20_000);
    const daemon = await daemonFor(folder.path, between.url, log);
    try {
      await daemon.start(NEVER);
      await eventually('points', () => stateOf(daemon).written > 300);
      await influx.down();
      await eventually('failures', () => stateOf(daemon).failures >= 2);
      await daemon.view.onloadAll();
      await ticks(daemon, 4);
      await daemon.view.resume();
      await ticks(daemon, 2);
      await influx.up();
      await eventually('all to be written', () => stateOf(daemon).queuedPoints < 100);
      await eventually('no error any more', () => stateOf(daemon).error === null);
    } finally {
      await daemon.stop();
    }
    const state = stateOf(daemon);
    assert.deepEqual(state.dropped, { queue: 0, refused: 0, end: 0 });

    const written = new Map<string, Point>();
    for (const line of between.written) {
      const point = parseLine(line);
      written.set(`${point.measurement} ${JSON.stringify(point.tags)} ${point.time}`, point);
    }
    assert.equal(written.size, state.written, 'points are distinct');
    const read = await readBack(influx, [...written.values()]);
    assert.equal(read, written.size);

    // Every tick is in one of the rounds, except those after the last round.
    const [{ sum }] = await influx.query('SELECT SUM(ticks) FROM norikae.fortnight.norikae_node');
    const { sequence } = daemon.view.status().tick;
    assert.ok(
      Number(sum) <= sequence && Number(sum) > sequence - 4,
      `${String(sum)} of ${sequence}`,
    );
    const kinds = await influx.query(
      'SELECT title FROM norikae.fortnight.norikae_event GROUP BY kind',
    );
    assert.deepEqual(kinds.map((row) => String(row.kind)).toSorted(byText), [
      'hold',
      'resume',
      'start',
    ]);
    const { text: metrics } = await daemon.metrics.expose();
    assert.match(metrics, new RegExp(`norikae_influx_points_written_total ${state.written}\n`));
    assert.match(metrics, /norikae_influx_points_dropped_total\{cause="queue"\} 0\n/);
    assert.match(metrics, /norikae_influx_queue_points 0\n/);
    assert.doesNotMatch(JSON.stringify(lines), /sesame/);
  });

  it('continues the same series after a restart of the daemon', async () => {
    const series = async (): Promise<readonly string[]> =>
      (await influx.query('SHOW SERIES FROM norikae_path', 'norikae')).map((r) => String(r.key));
    const before = await series();
    const daemon = await daemonFor(folder.path, between.url, log);
    await daemon.start(NEVER);
    try {
      await eventually('points', () => stateOf(daemon).written > 50);
    } finally {
      await daemon.stop();
    }
    assert.deepEqual(await series(), before);
  });

  it('creates the configured retention policy, and does not change an existing one', async () => {
    const policies = await influx.query('SHOW RETENTION POLICIES ON norikae');
    const made = policies.find((p) => p.name === 'fortnight');
    assert.equal(made?.duration, '336h0m0s');
    const daemon = await daemonFor(folder.path, between.url, log, {
      retention: { policy: 'fortnight', duration: '3d' },
    });
    await daemon.start(NEVER);
    try {
      await eventually('points', () => stateOf(daemon).written > 0);
    } finally {
      await daemon.stop();
    }
    const after = await influx.query('SHOW RETENTION POLICIES ON norikae');
    assert.equal(after.find((p) => p.name === 'fortnight')?.duration, '336h0m0s');
    assert.ok(lines.some((l) => /"fortnight" does not have the duration 3d/.test(String(l.error))));
  });

  it('recovers when the password file is corrected', async () => {
    const daemon = await daemonFor(folder.path, between.url, log, {}, 'wrong');
    await daemon.start(NEVER);
    try {
      await eventually('a failure', () => stateOf(daemon).failures >= 1);
      assert.match(stateOf(daemon).error ?? '', /InfluxDB answers 401: authorization failed/);
      writeFileSync(join(folder.path, 'password'), 'sesame\n');
      await eventually('points', () => stateOf(daemon).written > 0);
    } finally {
      await daemon.stop();
    }
  });
});

async function daemonFor(
  folder: string,
  url: string,
  log: Parameters<typeof createDaemon>[1],
  over: object = {},
  password = 'sesame',
): Promise<Daemon> {
  const secret = join(folder, 'password');
  writeFileSync(secret, `${password}\n`);
  chmodSync(secret, 0o600);
  const config = parseConfig(
    JSON.stringify({
      node: {
        adapter: 'emulator',
        emulator: { vms: 6, maxFlows: 400, slices: ['a b', 'c,d', 'e="f"', 'grün'] },
      },
      policies: [join(packageRoot(), 'policies', 'default.json')],
      poll: { periodMs: 50, sourceShare: 0.5 },
      influx: {
        url,
        database: 'norikae',
        create: true,
        retention: { policy: 'fortnight', duration: '14d' },
        username: 'root',
        passwordFile: 'password',
        node: NODE,
        periodMs: 100,
        topFlows: 10,
        batch: { waitMs: 50, points: 500 },
        retry: { minMs: 50, maxMs: 100 },
        timeoutMs: 2_000,
        ...over,
      },
    }),
    join(folder, 'norikae.json'),
  );
  return createDaemon(config, log);
}

function stateOf(daemon: Daemon): InfluxView {
  const { influx } = daemon.view.status();
  assert.ok(influx !== null);
  return influx;
}

/** Waits for `more` ticks. */
async function ticks(daemon: Daemon, more: number): Promise<void> {
  const { sequence } = daemon.view.status().tick;
  await eventually('ticks', () => daemon.view.status().tick.sequence >= sequence + more);
}

/** Forwards a request to the real server and returns its response; resets without one. */
async function forward(
  url: string,
  response: Parameters<FakeInflux['answer']>[0],
  { method, path, query, authorization, body }: Parameters<FakeInflux['answer']>[1],
): Promise<void> {
  try {
    const answer = await fetch(`${url}${path}?${query.toString()}`, {
      method,
      headers: authorization === undefined ? {} : { authorization },
      body,
      signal: AbortSignal.timeout(2_000),
    });
    const text = await answer.text();
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(text);
  } catch {
    response.destroy();
  }
}

/** Compares every point with InfluxDB, field by field; returns the number of points. */
async function readBack(influx: RealInflux, points: readonly Point[]): Promise<number> {
  let count = 0;
  for (const [name, { tags: declaredTags }] of Object.entries(MEASUREMENTS)) {
    const expected = new Map(
      points.filter((p) => p.measurement === name).map((p) => [keyOf(p.tags, p.time), p]),
    );
    if (expected.size === 0) continue;
    const from = `norikae.fortnight.${name}`;
    const rows = await influx.query(`SELECT * FROM ${from} GROUP BY *`);
    const types = await influx.query(`SHOW FIELD KEYS FROM fortnight.${name}`, 'norikae');
    for (const row of rows) {
      const { tags, fields } = partsOf(['node', ...Object.keys(declaredTags)], row);
      const point = expected.get(keyOf(tags, String(row.time)));
      assert.ok(point !== undefined, `${name} ${JSON.stringify(row)} was never written`);
      assert.deepEqual(fields, point.fields);
      assert.equal(tags.node, 'node one, "x"=1_');
    }
    assert.equal(rows.length, expected.size, name);
    count += rows.length;
    const declared = new Map(types.map((t) => [t.fieldKey, t.fieldType]));
    for (const point of expected.values()) {
      for (const [field, type] of Object.entries(point.types)) {
        assert.equal(declared.get(field), type, `${name}.${field}`);
      }
    }
  }
  return count;
}

function partsOf(names: readonly string[], row: Readonly<Record<string, unknown>>) {
  const tagNames = new Set(names);
  const values = Object.entries(row).filter(([key, v]) => key !== 'time' && v !== null && v !== '');
  return {
    tags: Object.fromEntries(values.filter(([key]) => tagNames.has(key))),
    fields: Object.fromEntries(values.filter(([key]) => !tagNames.has(key))),
  };
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}

function keyOf(tags: Readonly<Record<string, unknown>>, time: string): string {
  const sorted = Object.entries(tags).toSorted(([a], [b]) => byText(a, b));
  return `${JSON.stringify(sorted)} ${/^\d+$/.test(time) ? nanoseconds(time) : time}`;
}

/** A time as InfluxDB prints it: without trailing zeros in its fraction. */
function nanoseconds(digits: string): string {
  const seconds = new Date(Number(digits.slice(0, -9)) * 1000).toISOString().slice(0, 19);
  const fraction = digits.slice(-9).replace(/0+$/, '');
  return fraction === '' ? `${seconds}Z` : `${seconds}.${fraction}Z`;
}
