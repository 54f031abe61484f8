import { Counter, Gauge, type Registry } from 'prom-client';
import type { WriterState } from './writer-state.ts';

/** What Prometheus is told of a writer, read from it at each scrape. */
export function observeWriter(registry: Registry, state: () => WriterState): void {
  const registers = [registry];
  gauge('queue_points', 'Points that wait to be written to InfluxDB.', (s) => s.queuedPoints);
  gauge('queue_bytes', 'Bytes that wait to be written to InfluxDB.', (s) => s.queuedBytes);
  gauge(
    'last_success_timestamp_seconds',
    'When points were last written to InfluxDB, seconds since 1970; 0: not yet.',
    (s) => (s.lastSuccessMs ?? 0) / 1000,
  );
  counter('points_written_total', 'Points that InfluxDB has taken.', [], (s) => ({
    '': s.written,
  }));
  counter(
    'points_dropped_total',
    'Points that were lost: the queue was full (queue), InfluxDB would not have them (refused), ' +
      'the daemon ended before they were written (end).',
    ['cause'],
    (s) => s.dropped,
  );
  counter(
    'request_failures_total',
    'Requests to InfluxDB after which the same points are sent again: it cannot be reached ' +
      '(unreachable) or did not answer in time (timeout), knows neither user nor token ' +
      '(unauthorized), has no such database (missing), or answers that it cannot (busy).',
    ['kind'],
    (s) => s.failures,
  );

  function gauge(name: string, help: string, value: (state: WriterState) => number): void {
    const made: Gauge = new Gauge({
      name: `norikae_influx_${name}`,
      help,
      registers,
      collect: () => made.set(value(state())),
    });
  }

  function counter(
    name: string,
    help: string,
    labelNames: readonly string[],
    values: (state: WriterState) => Readonly<Record<string, number>>,
  ): void {
    const made: Counter = new Counter({
      name: `norikae_influx_${name}`,
      help,
      labelNames: [...labelNames],
      registers,
      collect: () => {
        made.reset();
        for (const [value, count] of Object.entries(values(state()))) {
          made.inc(Object.fromEntries(labelNames.map((label) => [label, value])), count);
        }
      },
    });
  }
}
