import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { packageRoot } from '../../../platform/package-root.ts';
import { observeWriter } from '../../../telemetry/shipping/writer-metrics.ts';
import { MEASUREMENTS } from '../../../telemetry/influx/measurements.ts';

interface Field {
  readonly type: string;
  readonly unit: string;
  readonly help: string;
}

/** The part of the page that lists measurements. */
function documented(): string {
  const guide = readFileSync(join(packageRoot(), 'docs', 'influxdb.md'), 'utf8');
  const [, after = ''] = guide.split('<!-- measurements -->\n');
  return after.split('\n<!-- /measurements -->')[0];
}

/** The expected text of that part. */
function described(): string {
  return Object.entries(MEASUREMENTS)
    .map(([name, { help, tags, fields }]) => {
      const all: Readonly<Record<string, Field>> = fields;
      return [
        `**\`${name}\`**: ${help}\n`,
        '| | | |\n|---|---|---|',
        ...Object.entries<string>(tags).map(([tag, text]) => `| \`${tag}\` | tag | ${text} |`),
        ...Object.entries(all).map(
          ([field, f]) => `| \`${field}\` | ${f.type}${f.unit && `, ${f.unit}`} | ${f.help} |`,
        ),
      ].join('\n');
    })
    .join('\n\n');
}

describe('the guide to InfluxDB', () => {
  it('lists every measurement, tag and field, with type and unit', () => {
    assert.equal(documented(), described());
  });

  it('names every metric of the writer', async () => {
    const registry = new Registry();
    const none = { unreachable: 0, timeout: 0, unauthorized: 0, missing: 0, busy: 0 };
    const names = {
      prefix: 'norikae_influx',
      server: 'InfluxDB',
      items: 'points',
      resource: 'database',
    };
    observeWriter(registry, names, () => ({
      queuedLines: 1,
      queuedBytes: 2,
      written: 3,
      dropped: { queue: 4, refused: 5, end: 6 },
      failures: { ...none, timeout: 7 },
      lastSuccessMs: 8_000,
      error: undefined,
    }));
    const text = await registry.metrics();
    // Twice, because counters are reset and read again at each scrape.
    assert.equal(await registry.metrics(), text);
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    assert.deepEqual(samples, [
      'norikae_influx_queue_points 1',
      'norikae_influx_queue_bytes 2',
      'norikae_influx_last_success_timestamp_seconds 8',
      'norikae_influx_points_written_total 3',
      'norikae_influx_points_dropped_total{cause="queue"} 4',
      'norikae_influx_points_dropped_total{cause="refused"} 5',
      'norikae_influx_points_dropped_total{cause="end"} 6',
      ...Object.entries({ ...none, timeout: 7 }).map(
        ([kind, n]) => `norikae_influx_request_failures_total{kind="${kind}"} ${n}`,
      ),
    ]);
    const guide = readFileSync(join(packageRoot(), 'docs', 'operations.md'), 'utf8');
    for (const { name } of registry.getMetricsAsArray()) assert.ok(guide.includes(name), name);
  });
});
