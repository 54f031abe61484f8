import { Counter, Gauge, type Registry } from 'prom-client';
import type { WriterState } from './writer-state.ts';

/** Registers Prometheus metrics of a writer, read from its state at each scrape. */
export function observeWriter(registry: Registry, state: () => WriterState): void {
  const registers = [registry];
  gauge('queue_points', 'Points in the queue to InfluxDB.', (s) => s.queuedPoints);
  gauge('queue_bytes', 'Bytes in the queue to InfluxDB.', (s) => s.queuedBytes);
  gauge(
    'last_success_timestamp_seconds',
    'Time of the last successful write to InfluxDB, seconds since 1970; 0 before the first.',
    (s) => (s.lastSuccessMs ?? 0) / 1000,
  );
  counter('points_written_total', 'Points that InfluxDB accepted.', [], (s) => ({
    '': s.written,
  }));
  counter(
    'points_dropped_total',
    'Lost points by cause: the queue was full (queue), InfluxDB rejected them (refused), or the ' +
      'daemon ended before they were written (end).',
    ['cause'],
    (s) => s.dropped,
  );
  counter(
    'request_failures_total',
    'Failed requests to InfluxDB, which are repeated: no connection (unreachable), no answer in ' +
      'time (timeout), invalid credentials (unauthorized), no such database or bucket (missing), ' +
      'or another error (busy).',
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
